// Every cell against the reference values that tools/golden/<cell>.py wrote: outputs, final states and all gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/safetensors.h"
#include "model/network.h"
#include "support/cells.h"

namespace elman {
namespace {

// One case of a golden file: its tensors by name.
class Case {
 public:
  Case(const SafetensorsFile& file, std::string name) : file_(file), name_(std::move(name)) {}

  template <class T>
  std::vector<T> get(const std::string& key) const {
    const SafetensorsTensor* tensor = file_.find(name_ + "." + key);
    if (!tensor) throw std::runtime_error("no tensor " + name_ + "." + key);
    std::vector<T> values(tensor->data.size() / size_of(tensor->dtype));
    copy_values<T>(*tensor, values);
    return values;
  }

 private:
  const SafetensorsFile& file_;
  std::string name_;
};

// |actual - expected| within `tolerance` of the larger of 1 and |expected|.
template <class T>
void expect_near(std::span<const T> actual, const std::vector<T>& expected, double tolerance, const std::string& name) {
  ASSERT_EQ(actual.size(), expected.size()) << name;
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::abs(static_cast<double>(expected[i]))))
        << name << ", element " << i;
}

template <class T>
std::span<const T> span_of(ConstView<T> x) {
  return {x.data, x.rows * x.cols};
}

// Our state has a buffer [batch][states][hidden] for each layer and direction, the golden tensors are
// [layers][batch][hidden] for each state.
template <class T>
class GoldenState {
 public:
  GoldenState(const Case& golden, const CellSpec& spec) : golden_(golden), spec_(spec) {}

  void load(const std::string& prefix, const std::string& suffix, State<T>& state) const {
    visit(prefix, suffix, state, [](std::span<T> ours, const std::vector<T>& theirs, const std::string&) {
      std::copy(theirs.begin(), theirs.end(), ours.begin());
    });
  }
  void compare(const std::string& prefix, const std::string& suffix, State<T>& state, double tolerance) const {
    visit(prefix, suffix, state, [&](std::span<T> ours, const std::vector<T>& theirs, const std::string& name) {
      expect_near<T>(ours, theirs, tolerance, name);
    });
  }

 private:
  template <class Visit>
  void visit(const std::string& prefix, const std::string& suffix, State<T>& state, Visit&& visit) const {
    for (size_t s = 0; s < spec_.states.size(); ++s) {
      const std::string name = prefix + std::string(spec_.states[s]) + suffix;
      const std::vector<T> all = golden_.get<T>(name);
      size_t next = 0;
      for (Buffer<T>& layer : state.layers) {
        if (layer.empty()) continue;
        const size_t states = spec_.states.size(), hidden = layer.size() / state.batch / states;
        ASSERT_LE(next + state.batch * hidden, all.size()) << name;
        for (size_t b = 0; b < state.batch; ++b, next += hidden)
          visit({layer.data() + (b * states + s) * hidden, hidden}, {all.begin() + next, all.begin() + next + hidden},
                name);
      }
      ASSERT_EQ(next, all.size()) << name;
    }
  }
  const Case& golden_;
  const CellSpec& spec_;
};

template <class T>
void check_case(const Cell& cell, const nlohmann::json& sizes, const nlohmann::json& run, const Case& golden,
                double tolerance) {
  Network<T> network({sizes.at("input_size"),
                      {Recurrent{.cell = std::string(cell.spec.name),
                                 .hidden_size = sizes.at("hidden_size"),
                                 .num_layers = run.at("num_layers"),
                                 .bidirectional = run.at("bidirectional"),
                                 .name = "rnn"}}});
  Parameters<T>& parameters = network.parameters();
  const auto golden_name = [&](size_t i) { return parameters.list()[i].name.substr(std::string("rnn.").size()); };
  for (size_t i = 0; i < parameters.list().size(); ++i) {
    const std::vector<T> values = golden.get<T>(golden_name(i));
    ASSERT_EQ(values.size(), parameters.list()[i].size()) << golden_name(i);
    std::copy(values.begin(), values.end(), parameters.value(i).data);
  }
  network.pack(true);

  const Steps steps = Steps::packed(run.at("lengths").get<std::vector<size_t>>());
  const GoldenState<T> states(golden, cell.spec);
  State<T> state = network.initial_state(steps.batch()), d_state = network.initial_state(steps.batch());
  states.load("", "_0", state);
  states.load("d_", "_n", d_state);
  ThreadPool pool(1);
  Scratch<T> scratch(pool);
  Tape<T> tape;
  const std::vector<T> x = golden.get<T>("x");
  std::vector<T> d_y = golden.get<T>("d_y");

  const View<T> y = network.forward(scratch, steps, {x.data(), steps.rows(), network.input_size()}, &state, &tape);
  expect_near<T>(span_of<T>(y), golden.get<T>("y"), tolerance, "y");
  states.compare("", "_n", state, tolerance);

  parameters.gradients().fill(T{});
  const View<T> d_x =
      network.backward(scratch, steps, tape, {d_y.data(), steps.rows(), network.output_size()}, true, &d_state);
  expect_near<T>(span_of<T>(d_x), golden.get<T>("d_x"), tolerance, "d_x");
  states.compare("d_", "_0", d_state, tolerance);
  for (size_t i = 0; i < parameters.list().size(); ++i)
    expect_near<T>(span_of<T>(parameters.gradient(i)), golden.get<T>("d_" + golden_name(i)), tolerance,
                   "d_" + golden_name(i));
}

class GoldenCell : public EachCell {
 protected:
  template <class T>
  void check(double tolerance) {
    const SafetensorsFile file =
        read_safetensors(ELMAN_TEST_DATA "/golden/" + std::string(cell().spec.name) + ".safetensors");
    const auto description = nlohmann::json::parse(file.metadata.at("golden"));
    ASSERT_FALSE(description.at("cases").empty());
    for (const auto& [name, run] : description.at("cases").items()) {
      SCOPED_TRACE(name);
      check_case<T>(cell(), description, run, Case(file, name), tolerance);
    }
  }
};

TEST_P(GoldenCell, Float) { check<float>(1e-5); }

// The files hold results rounded to float: half a unit in the last place is 6e-8.
TEST_P(GoldenCell, Double) { check<double>(6e-8); }

ELMAN_EACH_CELL(GoldenCell);

}  // namespace
}  // namespace elman
