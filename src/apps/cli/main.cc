#include <csignal>
#include <new>
#include <stdexcept>

#include "apps/cli/commands.h"
#include "apps/cli/console.h"
#include "elman/error.h"

namespace elman::cli {
namespace {

void run(int argc, const char* const* argv) {
  CommandLine line;
  add_train(line);
  add_forecast(line);
  add_backtest(line);
  add_evaluate(line);
  add_anomalies(line);
  add_sample(line);
  add_inspect(line);
  add_bench(line);
  add_config(line);
  line.run(argc, argv);
}

// The exit code; what went wrong is told on standard error.
int run_and_report(int argc, const char* const* argv) {
  constexpr const char* kOutOfMemory =
      "out of memory; try a smaller --batch-size, --hidden-size or --look-back, or less data";
  try {
    run(argc, argv);
    return 0;
  } catch (const BrokenPipe&) {
    return 0;
  } catch (const Error& e) {
    say_error(e.what());
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    say_error(kOutOfMemory);
  } catch (const std::length_error&) {
    say_error(kOutOfMemory);
  } catch (const std::exception& e) {
    say_error(std::string("an error inside elman itself, please report it: ") + e.what());
    return 1;
  }
  return static_cast<int>(ErrorCode::kLimit);
}

}  // namespace
}  // namespace elman::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves must not end a training
  return elman::cli::run_and_report(argc, argv);
}
