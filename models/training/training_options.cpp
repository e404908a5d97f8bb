#include "models/training/training_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <type_traits>

#include "models/error.h"
#include "models/training/optimizer_choice.h"

namespace quern::models {

namespace {

using nlohmann::json;
using Objective = TrainingOptions::Objective;
using Kind = AdapterConfig::Kind;

constexpr double any = std::numeric_limits<double>::max();
constexpr double most_steps = 1e9;

const std::map<std::string, Objective> objectives = {
    {"tokens", Objective::tokens}, {"dpo", Objective::dpo}, {"orpo", Objective::orpo}};
const std::map<std::string, Kind> kinds = {
    {"lora", Kind::lora}, {"dora", Kind::dora}, {"full", Kind::full}};
const std::map<std::string, Dtype> dtypes = {
    {"float32", float32}, {"bfloat16", bfloat16}, {"float16", float16}};

/// Calls visit(NAME, value, least, most) for numbers and visit(NAME, value, names) for choices: all
/// that has a name on the top level.
template <typename Options, typename Visit>
void visit_options(Options& o, Visit&& visit) {
  visit("objective", o.objective, objectives);
  visit("beta", o.beta, 0, any);
  visit("fine_tune_type", o.adapter.kind, kinds);
  visit("num_layers", o.adapter.num_layers, -1, 1e6);
  visit("batch_size", o.batch_size, 1, 65536);
  visit("max_seq_length", o.max_seq_length, 2, 1 << 24);
  visit("grad_accumulation_steps", o.grad_accumulation_steps, 1, 1e6);
  visit("iters", o.iters, 1, most_steps);
  visit("epochs", o.epochs, 0, 1e6);
  visit("optimizer", o.optimizer);
  visit("learning_rate", o.learning_rate, 0, 1e3);
  visit("max_grad_norm", o.max_grad_norm, 0, any);
  visit("grad_checkpoint", o.grad_checkpoint);
  visit("dtype", o.compute, dtypes);
  visit("steps_per_report", o.steps_per_report, 1, 1e9);
  visit("steps_per_eval", o.steps_per_eval, 0, 1e9);
  visit("val_batches", o.val_batches, -1, 1e9);
  visit("save_every", o.save_every, 1, 1e9);
  visit("early_stopping_patience", o.early_stopping_patience, 0, 1e9);
  visit("seed", o.seed, 0, 9007199254740991.0);
}

/// The same of lora_parameters.
template <typename Config, typename Visit>
void visit_lora(Config& c, Visit&& visit) {
  visit("rank", c.rank, 1, 65536);
  visit("scale", c.scale, -any, any);
  visit("dropout", c.dropout, 0, 0.999999);
  visit("rank_stabilized", c.rank_stabilized);
  visit("keys", c.keys);
}

struct Writer {
  json& out;

  template <typename T>
  void operator()(const char* name, const T& value, double, double) {
    out[name] = value;
  }
  void operator()(const char* name, const std::optional<double>& value, double, double) {
    out[name] = value ? json(*value) : json();
  }
  template <typename T>
  void operator()(const char* name, const T& value, const std::map<std::string, T>& names) {
    for (const auto& [text, one] : names) {
      if (one == value) out[name] = text;
    }
  }
  template <typename T>
  void operator()(const char* name, const T& value) {
    out[name] = value;
  }
  void operator()(const char* name, const std::optional<std::vector<std::string>>& value) {
    if (value) out[name] = *value;
  }
};

/// Takes what it reads out of `in`.
class Reader {
 public:
  Reader(json in, std::string source) : in_(std::move(in)), source_(std::move(source)) {
    if (!in_.is_object()) {
      throw ModelError(fmt::format("[train] {}: {} is no JSON object", source_, in_.dump()),
                       "Write {\"name\": value, ...}.");
    }
  }

  template <typename T>
  void operator()(const char* name, T& value, double least, double most) {
    const json given = take(name);
    if (given.is_null()) return;
    const bool fits = std::is_floating_point_v<T> ? given.is_number() : given.is_number_integer();
    if (!fits || given.get<double>() < least || given.get<double>() > most) {
      refuse(name, given,
             fmt::format("{} {}", std::is_floating_point_v<T> ? "a number" : "an integer",
                         most >= any
                             ? (least > -any ? fmt::format("of at least {}", least) : std::string())
                             : fmt::format("from {} to {}", least, most)));
    }
    value = given.get<T>();
  }
  void operator()(const char* name, std::optional<double>& value, double least, double most) {
    double number = value.value_or(-1);
    (*this)(name, number, least, most);
    if (number >= 0) value = number;
  }
  template <typename T>
  void operator()(const char* name, T& value, const std::map<std::string, T>& names) {
    const json given = take(name);
    if (given.is_null()) return;
    const auto found = given.is_string() ? names.find(given.get<std::string>()) : names.end();
    if (found == names.end()) {
      std::vector<std::string> all;
      for (const auto& [text, one] : names) all.push_back(text);
      refuse(name, given, fmt::format("one of {}", fmt::join(all, ", ")));
    }
    value = found->second;
  }
  void operator()(const char* name, bool& value) {
    const json given = take(name);
    if (given.is_null()) return;
    if (!given.is_boolean()) refuse(name, given, "true or false");
    value = given.get<bool>();
  }
  void operator()(const char* name, std::string& value) {
    const json given = take(name);
    if (given.is_null()) return;
    if (!given.is_string()) refuse(name, given, "a text");
    value = given.get<std::string>();
  }
  void operator()(const char* name, std::optional<std::vector<std::string>>& value) {
    const json given = take(name);
    if (given.is_null()) return;
    value.emplace();
    if (given.is_array()) {
      for (const json& one : given) {
        if (one.is_string()) value->push_back(one.get<std::string>());
      }
    }
    if (value->empty() || value->size() != given.size()) refuse(name, given, "a list of names");
  }

  /// None when absent or null.
  json take(const char* name) {
    json value = in_.value(name, json());
    in_.erase(name);
    return value;
  }
  void finish() const {
    if (in_.empty()) return;
    throw ModelError(
        fmt::format("[train] {}: \"{}\" is no setting of training", source_, in_.begin().key()),
        "Correct the name or leave it out.");
  }
  [[noreturn]] void refuse(const char* name, const json& given, const std::string& wanted) const {
    throw ModelError(
        fmt::format("[train] {}: {} is {}, but must be {}", source_, name, given.dump(), wanted),
        "Correct the value or leave it out.");
  }

 private:
  json in_;
  std::string source_;
};

}  // namespace

json TrainingOptions::to_json() const {
  json out, lora;
  visit_options(*this, Writer{out});
  visit_lora(adapter, Writer{lora});
  out["lora_parameters"] = std::move(lora);
  out["optimizer_config"] = optimizer_config;
  out["lr_schedule"] = lr_schedule;
  return out;
}

void TrainingOptions::update(const json& given, const std::string& source) {
  Reader reader(given, source);
  if (given.contains("iters") && !given["iters"].is_null()) epochs.reset();
  visit_options(*this, reader);
  if (json lora = reader.take("lora_parameters"); !lora.is_null()) {
    Reader of_lora(std::move(lora), source + ": lora_parameters");
    visit_lora(adapter, of_lora);
    of_lora.finish();
  }
  if (json config = reader.take("optimizer_config"); !config.is_null()) {
    if (!config.is_object()) reader.refuse("optimizer_config", config, "an object of arguments");
    optimizer_config = std::move(config);
  }
  if (json schedule = reader.take("lr_schedule"); !schedule.is_null()) {
    lr_schedule = std::move(schedule);
  }
  reader.finish();
}

void TrainingOptions::check() const {
  TrainingOptions with_some_steps = *this;
  with_some_steps.epochs.reset();  // how many steps they are is only known with the data
  make_optimizer(epochs ? with_some_steps : *this);
  if (epochs && *epochs == 0) {
    throw ModelError("[train] 0 epochs would train nothing", "Give a number above 0.");
  }
  if (val_batches == 0) {
    throw ModelError("[train] val_batches is 0, which would validate on nothing",
                     "Give a number above 0, or -1 for all; steps_per_eval 0 never validates.");
  }
  if (objective == Objective::dpo && adapter.kind == Kind::full) {
    throw ModelError(
        "[train] dpo compares with the model before training, which full fine-tuning "
        "does not keep",
        "Train a LoRA or DoRA adapter with dpo, or use orpo.");
  }
}

TrainingOptions TrainingOptions::in_steps(std::optional<int64_t> batches_per_epoch) const {
  TrainingOptions options = *this;
  if (!epochs || !batches_per_epoch) return options;
  const double steps = *epochs * double(*batches_per_epoch) / double(grad_accumulation_steps);
  options.iters = int(std::clamp(std::ceil(steps), 1.0, most_steps));
  options.epochs.reset();
  return options;
}

}  // namespace quern::models
