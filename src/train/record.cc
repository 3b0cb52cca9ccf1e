#include "train/record.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace elman {

using nlohmann::json;

json to_json(const TrainRecord& r) {
  json history = json::array();
  for (const TrainPoint& p : r.history)
    history.push_back({p.epoch, p.steps, p.train_loss, p.valid_loss, p.learning_rate, p.gradient_norm});
  return {{"epochs", r.epochs},
          {"steps", r.steps},
          {"best_step", r.best_step},
          {"train_loss", r.train_loss},
          {"valid_loss", r.valid_loss},
          {"skipped_steps", r.skipped_steps},
          {"rollbacks", r.rollbacks},
          {"stopped_early", r.stopped_early},
          {"history_columns", {"epoch", "steps", "train_loss", "valid_loss", "learning_rate", "gradient_norm"}},
          {"history", history}};
}

TrainRecord train_record_from_json(const json& in) {
  TrainRecord r;
  r.epochs = in.at("epochs");
  r.steps = in.at("steps");
  r.best_step = in.at("best_step");
  const auto number = [](const json& value) { return value.is_null() ? NAN : value.get<double>(); };
  r.train_loss = number(in.at("train_loss"));
  r.valid_loss = number(in.at("valid_loss"));
  r.skipped_steps = in.at("skipped_steps");
  r.rollbacks = in.at("rollbacks");
  r.stopped_early = in.at("stopped_early");
  for (const auto& p : in.at("history"))
    r.history.push_back({p.at(0), p.at(1), number(p.at(2)), number(p.at(3)), number(p.at(4)), number(p.at(5))});
  return r;
}

}  // namespace elman
