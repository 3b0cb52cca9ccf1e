// A program that knows the installed library only: a network from its description, run step by step.
#include <elman/elman.h>

#include <cstdio>
#include <vector>

int main() {
  const elman::NetworkConfig config{.input_size = 2,
                                    .layers = {elman::Recurrent{.hidden_size = 3}, elman::Linear{.output_size = 1}}};
  const elman::Model model(config);
  const std::vector<float> x = {1, 2, 3, 4}, whole = model.forward({.values = x, .steps = 2});
  elman::Stream stream = model.stream();
  float y[2];
  for (int t = 0; t < 2; ++t) stream.step(&x[2 * t], &y[t]);
  std::printf("%g %g\n", y[0], y[1]);
  return y[0] == whole[0] && y[1] == whole[1] ? 0 : 1;
}
