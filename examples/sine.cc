// Learns to continue a sine, saves the network, and runs it one step at a time.
#include <elman/elman.h>

#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  constexpr size_t kSteps = 100;
  std::vector<float> x(kSteps), y(kSteps);
  for (size_t t = 0; t < kSteps; ++t) {
    x[t] = std::sin(0.2f * static_cast<float>(t));
    y[t] = std::sin(0.2f * static_cast<float>(t + 1));
  }
  elman::Model net({.input_size = 1,
                    .layers = {elman::Recurrent{.cell = "lstm", .hidden_size = 16}, elman::Linear{.output_size = 1}}});
  elman::Adam adam{.learning_rate = 1e-2};
  double loss = 0;
  for (int epoch = 0; epoch < 300; ++epoch) {
    loss = net.backward({.values = x, .steps = kSteps}, elman::mse(y));
    adam.step(net);
  }
  net.save("sine.safetensors");

  elman::Stream stream = elman::Model::load("sine.safetensors").stream();
  float next = 0;
  for (const float value : x) stream.step(&value, &next);
  std::printf("loss %.2g; after %.4f comes %.4f, the network says %.4f\n", loss, x.back(), y.back(), next);
}
