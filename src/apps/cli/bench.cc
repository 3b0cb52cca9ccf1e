#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "kernels/targets.h"
#include "apps/cli/bench_job.h"
#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "base/threads.h"
#include "cells/cell.h"
#include "kernels/roofline.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman bench                                       # every cell at a few sizes, in a minute\n"
    "  elman bench --cell gru --hidden-size 256 --batch 64 --mode fwdbwd --json\n"
    "  elman bench --mode step --hidden-size 32 --input-size 1\n"
    "  elman bench --machine                             # the peak and the bandwidths alone";

struct Arguments {
  BenchJob job;
  double peak = 0;  // GFLOP/s
  std::string instruction_set;
  bool machine = false, competitor = false, json = false;
};

// ---- The machine ----

Json machine_json(size_t threads) {
  Json read = Json::object();
  for (const MemoryLevel level : kMemoryLevels)
    read[std::string(level_name(level))] = {{"bytes", level_bytes(level)},
                                            {"one", read_bandwidth(level, 1) / 1e9},
                                            {"all", read_bandwidth(level, threads) / 1e9}};
  return {{"instruction_set", supported_targets().front().name},
          {"threads", threads},
          {"gflops", {{"one", multiply_add_peak(1) / 1e9}, {"all", multiply_add_peak(threads) / 1e9}}},
          {"read_gbps", read}};
}

std::string machine_text(const Json& machine) {
  const auto row = [](const std::string& name, const Json& values) {
    return fmt::format("  {:<24}{:>10.1f}{:>10.1f}\n", name, values["one"].get<double>(), values["all"].get<double>());
  };
  std::string text = fmt::format("{}, {}\n{:<26}{:>10}{:>10}\n", machine["instruction_set"].get<std::string>(),
                                 counted(machine["threads"], "thread"), "", "one core", "together");
  text += row("multiply-add, GFLOP/s", machine["gflops"]);
  for (const auto& [level, values] : machine["read_gbps"].items())
    text += row(fmt::format("read {}, GB/s", level), values);
  return text;
}

// ---- One measurement ----

Json result_json(const BenchJob& job, const BenchResult& result, double peak) {
  const double gflops = job.flops() / result.ms_median / 1e6;
  const double steps = job.mode == "step" ? 1 : static_cast<double>(job.steps);
  return {{"cell", job.cell},
          {"mode", job.mode},
          {"input_size", job.features()},
          {"hidden_size", job.hidden_size},
          {"batch", job.batch},
          {"steps", job.steps},
          {"output_size", job.output_size},
          {"mean_length", job.mean_length},
          {"weights", job.weights},
          {"threads", job.threads},
          {"instruction_set", supported_targets().front().name},
          {"repeats", result.repeats},
          {"ms_median", result.ms_median},
          {"ms_min", result.ms_min},
          {"us_per_step", 1e3 * result.ms_median / steps},
          {"gflops", gflops},
          {"peak_gflops", peak},
          {"percent_of_peak", 100 * gflops / peak}};
}

// A stream is one sequence on one thread, whatever else is asked for.
BenchJob settled(BenchJob job) {
  if (job.mode == "step") job.batch = job.steps = job.threads = 1;
  return job;
}

Json measure(const BenchJob& asked, double peak) {
  const BenchJob job = settled(asked);
  const BenchResult result = run(job);
  return result_json(job, result, peak > 0 ? peak : multiply_add_peak(job.threads) / 1e9);
}

std::string result_text(const Json& r) {
  return fmt::format(
      "{} {}: input {}, hidden {}, batch {}, {}, {}, {}\n"
      "  median {} ms, least {} ms of {}; {} us a step; {} GFLOP/s, {:.1f} % of the peak\n",
      r["cell"].get<std::string>(), r["mode"].get<std::string>(), r["input_size"].get<size_t>(),
      r["hidden_size"].get<size_t>(), r["batch"].get<size_t>(), counted(r["steps"], "step"),
      counted(r["threads"], "thread"), r["instruction_set"].get<std::string>(), brief(r["ms_median"]),
      brief(r["ms_min"]), counted(r["repeats"], "repeat"), brief(r["us_per_step"]), brief(r["gflops"]),
      r["percent_of_peak"].get<double>());
}

// ---- The table ----

struct Size {
  size_t batch, hidden_size;
};
constexpr Size kSizes[] = {{1, 64}, {1, 256}, {16, 128}, {64, 256}};
constexpr size_t kStreamSizes[] = {8, 16, 32, 64, 128};
constexpr double kTableSeconds = 0.25;  // a measurement

std::vector<std::string> cells_of(const Arguments& a, bool all) {
  if (!all) return {a.job.cell};
  std::vector<std::string> names;
  for (const Cell* cell : cells()) names.emplace_back(cell->spec.name);
  return names;
}

// Prints the results as they come.
void print_sequences(const Arguments& a, const std::vector<std::string>& names, double peak) {
  if (!a.json)
    print(fmt::format("\nSequences of {} steps\n  {:<20}{:>6}{:>8}{:>24}{:>24}\n", a.job.steps, "cell", "batch",
                      "hidden", "forward, GFLOP/s", "with backward, GFLOP/s"));
  for (const std::string& name : names)
    for (const Size& size : kSizes) {
      BenchJob job = a.job;
      job.cell = name;
      job.batch = size.batch;
      job.hidden_size = size.hidden_size;
      std::string text = fmt::format("  {:<20}{:>6}{:>8}", name, size.batch, size.hidden_size);
      for (const char* mode : {"fwd", "fwdbwd"}) {
        job.mode = mode;
        const Json result = measure(job, peak);
        if (a.json) print_json(result);
        text += fmt::format("{:>15.1f} = {:>4.0f} %", result["gflops"].get<double>(),
                            result["percent_of_peak"].get<double>());
      }
      if (!a.json) print(text + "\n");
    }
}

void print_streams(const Arguments& a, const std::vector<std::string>& names, double peak) {
  if (!a.json) {
    std::string heading = "\nOne step of one stream, input 1, microseconds\n  hidden              ";
    for (const size_t hidden_size : kStreamSizes) heading += fmt::format("{:>8}", hidden_size);
    print(heading + "\n");
  }
  for (const std::string& name : names) {
    std::string text = fmt::format("  {:<20}", name);
    for (const size_t hidden_size : kStreamSizes) {
      BenchJob job = a.job;
      job.cell = name;
      job.mode = "step";
      job.input_size = 1;
      job.hidden_size = hidden_size;
      const Json result = measure(job, peak);
      if (a.json) print_json(result);
      text += fmt::format("{:>8}", brief(result["us_per_step"]));
    }
    if (!a.json) print(text + "\n");
  }
}

void print_table(Arguments a, bool all_cells) {
  a.job.seconds = std::min(a.job.seconds, kTableSeconds);
  const Json machine = machine_json(a.job.threads);
  if (a.json) print_json(machine);
  else print(machine_text(machine));
  const std::vector<std::string> names = cells_of(a, all_cells);
  print_sequences(a, names, a.peak > 0 ? a.peak : machine["gflops"]["all"].get<double>());
  print_streams(a, names, a.peak > 0 ? a.peak : machine["gflops"]["one"].get<double>());
}

// ---- The verb ----

bool is_given(const Verb& verb, const std::vector<std::string>& flags) {
  const std::vector<std::string> given = verb.flags.given();
  return std::find_first_of(given.begin(), given.end(), flags.begin(), flags.end()) != given.end();
}

void run(const Verb& verb, Arguments a) {
  const bool one = is_given(
      verb, {"--mode", "--input-size", "--hidden-size", "--batch", "--output-size", "--mean-length", "--weights"});
  find_cell(a.job.cell);
  if (a.job.threads == 0) a.job.threads = ThreadPool().size();
  use_instruction_set(a.instruction_set);
  std::optional<Competitor> competitor;
  if (a.competitor) competitor.emplace();
  if (a.machine) {
    const Json machine = machine_json(a.job.threads);
    return a.json ? print_json(machine) : print(machine_text(machine));
  }
  if (!one) return print_table(a, !is_given(verb, {"--cell"}));
  const Json result = measure(a.job, a.peak);
  if (a.json) print_json(result);
  else print(result_text(result));
}

}  // namespace

void add_bench(CommandLine& line) {
  Verb& verb = line.add("bench", "Measure the speed of recurrent layers on this machine", kExamples);
  const auto a = std::make_shared<Arguments>();
  Flags& flags = verb.flags;
  BenchJob& job = a->job;
  flags.group("What");
  flags.add("--cell", job.cell, "NAME", "Recurrent cell").flag_only();
  flags.add("--mode", job.mode, "MODE", "fwd: inference; fwdbwd: with backward; step: one step of a stream")
      .flag_only();
  flags.add("--input-size", job.input_size, at_least(0), "Features of each step")
      .zero_means("as --hidden-size")
      .flag_only();
  flags.add("--hidden-size", job.hidden_size, at_least(1), "Units of the layer").flag_only();
  flags.add("--batch", job.batch, at_least(1), "Sequences side by side").flag_only();
  flags.add("--steps", job.steps, at_least(1), "Steps of a sequence").flag_only();
  flags.add("--output-size", job.output_size, at_least(0), "Outputs of a linear layer behind")
      .zero_means("none")
      .flag_only();
  flags.add("--mean-length", job.mean_length, Range{0, 1, true, false}, "Mean length of the sequences, by --steps")
      .flag_only();
  add_weights_flag(flags, job.weights);
  flags.group("How");
  flags.add("--threads", job.threads, kThreads, "Threads").zero_means("one for each core").flag_only();
  flags.add("--seconds", job.seconds, above(0), "Time of each measurement").flag_only();
  flags.add("--repeat", job.repeat, at_least(0), "Timings at most").zero_means("as many as fit").flag_only();
  flags.add("--peak", a->peak, kNotNegative, "Multiply-add peak in GFLOP/s").zero_means("measured").flag_only();
  add_instruction_set_flag(flags, a->instruction_set);
  flags.add("--competitor", a->competitor, "Keep one core busy meanwhile").flag_only();
  flags.add("--machine", a->machine, "Measure the peak and the bandwidths alone").flag_only();
  flags.add("--json", a->json, "Print a JSON object for each measurement").flag_only();
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
