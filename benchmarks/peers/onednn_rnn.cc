// oneDNN's recurrent primitives on one layer, with the flags and the JSON of `elman bench`:
//
//   onednn_rnn --cell lstm|gru|rnn_tanh --mode fwd|fwdbwd --input-size I --hidden-size H --batch B --steps T --seconds
//   S
//
// The threads are OpenMP's ($OMP_NUM_THREADS). As in elman's measurements, fwd finds its weights in the layout that the
// library asked for; fwdbwd begins with plain ones, brings them into those layouts, and ends with plain gradients. The
// GRU is the one whose reset gate acts after the product, as PyTorch's.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "oneapi/dnnl/dnnl.hpp"

namespace {

using namespace dnnl;
using Clock = std::chrono::steady_clock;
using Arguments = std::unordered_map<int, memory>;
using Tag = memory::format_tag;

struct Job {
  std::map<std::string, std::string> flags;
  long number(const std::string& flag) const { return std::stol(flags.at(flag)); }
};

memory::desc desc(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

// The shapes of a layer: `layout` is `any` for what the library may arrange, a plain one otherwise.
struct Shapes {
  long gates, inputs, hidden, batch, steps, biases;

  memory::desc x() const { return desc({steps, batch, inputs}, Tag::tnc); }
  memory::desc y() const { return desc({steps, batch, hidden}, Tag::tnc); }
  memory::desc weight_ih(Tag layout) const { return desc({1, 1, inputs, gates, hidden}, layout); }
  memory::desc weight_hh(Tag layout) const { return desc({1, 1, hidden, gates, hidden}, layout); }
  memory::desc bias() const { return desc({1, 1, biases, hidden}, Tag::ldgo); }
};

constexpr auto kDirection = rnn_direction::unidirectional_left2right;
const memory::desc kNone;  // states at the ends: zeros, and nobody asks

struct Lstm {
  using Forward = lstm_forward;
  using Backward = lstm_backward;
  static constexpr long kGates = 4, kBiases = 4;
  static Forward::primitive_desc forward(const engine& e, prop_kind kind, const Shapes& s) {
    return {e,        kind,  kDirection, s.x(), kNone, kNone, s.weight_ih(Tag::any), s.weight_hh(Tag::any),
            s.bias(), s.y(), kNone,      kNone};
  }
  static Backward::primitive_desc backward(const engine& e, const Shapes& s, const Forward::primitive_desc& hint) {
    return {e,
            prop_kind::backward,
            kDirection,
            s.x(),
            kNone,
            kNone,
            s.weight_ih(Tag::any),
            s.weight_hh(Tag::any),
            s.bias(),
            s.y(),
            kNone,
            kNone,
            s.x(),
            kNone,
            kNone,
            s.weight_ih(Tag::any),
            s.weight_hh(Tag::any),
            s.bias(),
            s.y(),
            kNone,
            kNone,
            hint};
  }
};

struct Gru {
  using Forward = lbr_gru_forward;
  using Backward = lbr_gru_backward;
  static constexpr long kGates = 3, kBiases = 4;
  static Forward::primitive_desc forward(const engine& e, prop_kind kind, const Shapes& s) {
    return {e, kind, kDirection, s.x(), kNone, s.weight_ih(Tag::any), s.weight_hh(Tag::any), s.bias(), s.y(), kNone};
  }
  static Backward::primitive_desc backward(const engine& e, const Shapes& s, const Forward::primitive_desc& hint) {
    return {e,
            prop_kind::backward,
            kDirection,
            s.x(),
            kNone,
            s.weight_ih(Tag::any),
            s.weight_hh(Tag::any),
            s.bias(),
            s.y(),
            kNone,
            s.x(),
            kNone,
            s.weight_ih(Tag::any),
            s.weight_hh(Tag::any),
            s.bias(),
            s.y(),
            kNone,
            hint};
  }
};

struct Tanh {
  using Forward = vanilla_rnn_forward;
  using Backward = vanilla_rnn_backward;
  static constexpr long kGates = 1, kBiases = 1;
  static constexpr auto kFunction = algorithm::eltwise_tanh;
  static Forward::primitive_desc forward(const engine& e, prop_kind kind, const Shapes& s) {
    return {e,        kind,  kFunction, kDirection, s.x(), kNone, s.weight_ih(Tag::any), s.weight_hh(Tag::any),
            s.bias(), s.y(), kNone};
  }
  static Backward::primitive_desc backward(const engine& e, const Shapes& s, const Forward::primitive_desc& hint) {
    return {e,
            prop_kind::backward,
            kFunction,
            kDirection,
            s.x(),
            kNone,
            s.weight_ih(Tag::any),
            s.weight_hh(Tag::any),
            s.bias(),
            s.y(),
            kNone,
            s.x(),
            kNone,
            s.weight_ih(Tag::any),
            s.weight_hh(Tag::any),
            s.bias(),
            s.y(),
            kNone,
            hint};
  }
};

class Device {
 public:
  memory make(const memory::desc& d, float value) {
    memory m(d, engine_);
    std::fill_n(static_cast<float*>(m.get_data_handle()), d.get_size() / sizeof(float), value);
    return m;
  }
  void reorder(memory& from, memory& to) { dnnl::reorder(from, to).execute(stream_, from, to); }
  void execute(const primitive& p, const Arguments& a) { p.execute(stream_, a); }
  void wait() { stream_.wait(); }
  const engine& get() const { return engine_; }

 private:
  engine engine_{engine::kind::cpu, 0};
  stream stream_{engine_};
};

// Milliseconds of each call, after a warm-up of a fifth of the time.
template <class Body>
std::vector<double> timings(double seconds, const Body& body) {
  const auto start = Clock::now();
  const auto since = [](Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); };
  do body();
  while (since(start) < 0.2 * seconds);
  std::vector<double> all;
  while (all.size() < 2 || since(start) < seconds) {
    const auto begin = Clock::now();
    body();
    all.push_back(1e3 * since(begin));
  }
  return all;
}

template <class Cell>
std::vector<double> forward(const Shapes& s, double seconds) {
  Device device;
  const auto pd = Cell::forward(device.get(), prop_kind::forward_inference, s);
  const typename Cell::Forward primitive(pd);
  const Arguments arguments{{DNNL_ARG_SRC_LAYER, device.make(s.x(), 0.5f)},
                            {DNNL_ARG_WEIGHTS_LAYER, device.make(pd.weights_layer_desc(), 0.01f)},
                            {DNNL_ARG_WEIGHTS_ITER, device.make(pd.weights_iter_desc(), 0.01f)},
                            {DNNL_ARG_BIAS, device.make(s.bias(), 0.1f)},
                            {DNNL_ARG_DST_LAYER, device.make(s.y(), 0.0f)}};
  return timings(seconds, [&] {
    device.execute(primitive, arguments);
    device.wait();
  });
}

template <class Cell>
std::vector<double> forward_backward(const Shapes& s, double seconds) {
  Device device;
  const auto forward_pd = Cell::forward(device.get(), prop_kind::forward_training, s);
  const auto backward_pd = Cell::backward(device.get(), s, forward_pd);
  const typename Cell::Forward forward_primitive(forward_pd);
  const typename Cell::Backward backward_primitive(backward_pd);

  memory plain_ih = device.make(s.weight_ih(Tag::ldgoi), 0.01f), plain_hh = device.make(s.weight_hh(Tag::ldgoi), 0.01f);
  memory d_plain_ih = device.make(s.weight_ih(Tag::ldgoi), 0), d_plain_hh = device.make(s.weight_hh(Tag::ldgoi), 0);
  memory forward_ih = device.make(forward_pd.weights_layer_desc(), 0);
  memory forward_hh = device.make(forward_pd.weights_iter_desc(), 0);
  memory backward_ih = device.make(backward_pd.weights_layer_desc(), 0);
  memory backward_hh = device.make(backward_pd.weights_iter_desc(), 0);
  memory d_ih = device.make(backward_pd.diff_weights_layer_desc(), 0);
  memory d_hh = device.make(backward_pd.diff_weights_iter_desc(), 0);
  memory d_bias = device.make(s.bias(), 0), workspace(forward_pd.workspace_desc(), device.get());

  const Arguments forward_arguments{{DNNL_ARG_SRC_LAYER, device.make(s.x(), 0.5f)},
                                    {DNNL_ARG_WEIGHTS_LAYER, forward_ih},
                                    {DNNL_ARG_WEIGHTS_ITER, forward_hh},
                                    {DNNL_ARG_BIAS, device.make(s.bias(), 0.1f)},
                                    {DNNL_ARG_DST_LAYER, device.make(s.y(), 0)},
                                    {DNNL_ARG_WORKSPACE, workspace}};
  Arguments backward_arguments = forward_arguments;
  backward_arguments.insert_or_assign(DNNL_ARG_WEIGHTS_LAYER, backward_ih);
  backward_arguments.insert_or_assign(DNNL_ARG_WEIGHTS_ITER, backward_hh);
  backward_arguments.insert({{DNNL_ARG_DIFF_SRC_LAYER, device.make(s.x(), 0)},
                             {DNNL_ARG_DIFF_WEIGHTS_LAYER, d_ih},
                             {DNNL_ARG_DIFF_WEIGHTS_ITER, d_hh},
                             {DNNL_ARG_DIFF_BIAS, d_bias},
                             {DNNL_ARG_DIFF_DST_LAYER, device.make(s.y(), 0.1f)}});
  return timings(seconds, [&] {
    device.reorder(plain_ih, forward_ih);
    device.reorder(plain_hh, forward_hh);
    device.execute(forward_primitive, forward_arguments);
    device.reorder(plain_ih, backward_ih);
    device.reorder(plain_hh, backward_hh);
    for (memory* sum : {&d_ih, &d_hh, &d_bias})  // the primitive adds to them
      std::fill_n(static_cast<float*>(sum->get_data_handle()), sum->get_desc().get_size() / sizeof(float), 0.0f);
    device.execute(backward_primitive, backward_arguments);
    device.reorder(d_ih, d_plain_ih);
    device.reorder(d_hh, d_plain_hh);
    device.wait();
  });
}

template <class Cell>
void run(const Job& job) {
  const Shapes shapes{Cell::kGates,          job.number("--input-size"), job.number("--hidden-size"),
                      job.number("--batch"), job.number("--steps"),      Cell::kBiases};
  const double seconds = std::stod(job.flags.at("--seconds"));
  std::vector<double> all =
      job.flags.at("--mode") == "fwd" ? forward<Cell>(shapes, seconds) : forward_backward<Cell>(shapes, seconds);
  std::sort(all.begin(), all.end());
  const dnnl_version_t* v = dnnl_version();
  std::printf(
      "{\"peer\": \"oneDNN\", \"version\": \"%d.%d.%d\", \"ms_median\": %.6g, \"ms_min\": %.6g, \"repeats\": %zu}\n",
      v->major, v->minor, v->patch, all[all.size() / 2], all[0], all.size());
}

}  // namespace

int main(int argc, char** argv) {
  Job job;
  for (int i = 1; i + 1 < argc; i += 2) job.flags[argv[i]] = argv[i + 1];
  const std::string cell = job.flags["--cell"];
  if (cell == "lstm") run<Lstm>(job);
  else if (cell == "gru") run<Gru>(job);
  else if (cell == "rnn_tanh") run<Tanh>(job);
  else return 2;
}
