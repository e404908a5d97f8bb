#include "models/training/optimizer_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "engine/optim/optimizers.h"
#include "models/error.h"

namespace quern::models {

namespace {

using nlohmann::json;
using optim::LearningRate;

/// The named arguments of one optimizer, taken one by one: what nobody took is an error.
class Arguments {
 public:
  Arguments(const json& given, std::string optimizer)
      : given_(given), optimizer_(std::move(optimizer)) {}

  double number(const char* name, double when_absent) {
    const json* value = find(name);
    if (!value) return when_absent;
    if (!value->is_number()) refuse(name, *value, "a number");
    return value->get<double>();
  }
  int integer(const char* name, int when_absent) {
    const json* value = find(name);
    if (!value) return when_absent;
    if (!value->is_number_integer()) refuse(name, *value, "an integer");
    return value->get<int>();
  }
  bool boolean(const char* name, bool when_absent) {
    const json* value = find(name);
    if (!value) return when_absent;
    if (!value->is_boolean()) refuse(name, *value, "true or false");
    return value->get<bool>();
  }
  std::pair<double, double> pair(const char* name, std::pair<double, double> when_absent) {
    const json* value = find(name);
    if (!value) return when_absent;
    if (!value->is_array() || value->size() != 2 || !(*value)[0].is_number() ||
        !(*value)[1].is_number())
      refuse(name, *value, "two numbers");
    return {(*value)[0].get<double>(), (*value)[1].get<double>()};
  }
  bool has(const char* name) { return find(name) != nullptr; }

  void finish() const {
    for (const auto& [name, value] : given_.items()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      throw ModelError(
          fmt::format("[train] optimizer_config: {} has no argument \"{}\"", optimizer_, name),
          fmt::format("It has: {}.", fmt::join(known_, ", ")));
    }
  }

 private:
  const json* find(const char* name) {
    known_.emplace_back(name);
    const auto found = given_.find(name);
    return found == given_.end() || found->is_null() ? nullptr : &*found;
  }
  [[noreturn]] void refuse(const char* name, const json& value, const char* wanted) const {
    throw ModelError(fmt::format("[train] optimizer_config: {} of {} is {}, not {}", name,
                                 optimizer_, value.dump(), wanted),
                     "Correct the value or leave it out.");
  }

  const json& given_;
  std::string optimizer_;
  std::vector<std::string> known_;
};

using Made = std::shared_ptr<optim::AnyOptimizer>;
using Maker = std::function<Made(Arguments&, const LearningRate&)>;

Made make_adafactor(Arguments& a, const LearningRate& rate) {
  optim::AdafactorOptions options;
  options.eps = a.pair("eps", options.eps);
  options.clip_threshold = a.number("clip_threshold", options.clip_threshold);
  options.decay_rate = a.number("decay_rate", options.decay_rate);
  if (a.has("beta_1")) options.beta_1 = a.number("beta_1", 0);
  options.weight_decay = a.number("weight_decay", options.weight_decay);
  options.scale_parameter = a.boolean("scale_parameter", options.scale_parameter);
  // A learning rate that is asked for is the one that counts.
  options.relative_step = a.boolean("relative_step", false);
  options.warmup_init = a.boolean("warmup_init", options.warmup_init);
  if (!options.relative_step) options.learning_rate = rate;
  return std::make_shared<optim::Adafactor>(options);
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all = {
      {"adam",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::Adam>(rate, a.pair("betas", {0.9, 0.999}),
                                              a.number("eps", 1e-8),
                                              a.boolean("bias_correction", false));
       }},
      {"adamw",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::AdamW>(
             rate, a.pair("betas", {0.9, 0.999}), a.number("eps", 1e-8),
             a.number("weight_decay", 0.01), a.boolean("bias_correction", false));
       }},
      {"adamax",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::Adamax>(rate, a.pair("betas", {0.9, 0.999}),
                                                a.number("eps", 1e-8));
       }},
      {"adagrad",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::Adagrad>(rate, a.number("eps", 1e-8));
       }},
      {"adadelta",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::AdaDelta>(rate, a.number("rho", 0.9),
                                                  a.number("eps", 1e-6));
       }},
      {"adafactor", make_adafactor},
      {"lion",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::Lion>(rate, a.pair("betas", {0.9, 0.99}),
                                              a.number("weight_decay", 0.0));
       }},
      {"muon",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::Muon>(
             rate, a.number("momentum", 0.95), a.number("weight_decay", 0.01),
             a.boolean("nesterov", true), a.integer("ns_steps", 5));
       }},
      {"rmsprop",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::RMSprop>(rate, a.number("alpha", 0.99),
                                                 a.number("eps", 1e-8));
       }},
      {"sgd",
       [](Arguments& a, const LearningRate& rate) -> Made {
         return std::make_shared<optim::SGD>(
             rate, a.number("momentum", 0.0), a.number("weight_decay", 0.0),
             a.number("dampening", 0.0), a.boolean("nesterov", false));
       }},
  };
  return all;
}

int steps_of(double number) {
  if (number >= 1 && number <= 1e9 && number == std::floor(number)) return int(number);
  throw std::invalid_argument(fmt::format("{} is no number of steps", number));
}

struct ScheduleKind {
  const char* arguments;              ///< for messages
  size_t least, most;                 ///< numbers of arguments
  std::optional<size_t> decay_steps;  ///< which of them may be left out for all steps
  optim::Schedule (*make)(const std::vector<double>&);
};

const std::map<std::string, ScheduleKind>& schedules() {
  static const std::map<std::string, ScheduleKind> all = {
      {"cosine_decay",
       {"init, decay_steps, end", 1, 3, 1,
        [](const std::vector<double>& a) {
          return optim::cosine_decay(a[0], steps_of(a[1]), a.size() > 2 ? a[2] : 0.0);
        }}},
      {"linear_schedule",
       {"init, end, steps", 2, 3, 2,
        [](const std::vector<double>& a) {
          return optim::linear_schedule(a[0], a[1], steps_of(a[2]));
        }}},
      {"step_decay",
       {"init, decay_rate, step_size",
        3,
        3,
        {},
        [](const std::vector<double>& a) {
          return optim::step_decay(a[0], a[1], steps_of(a[2]));
        }}},
      {"exponential_decay",
       {"init, decay_rate",
        2,
        2,
        {},
        [](const std::vector<double>& a) { return optim::exponential_decay(a[0], a[1]); }}},
  };
  return all;
}

template <typename Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

[[noreturn]] void refuse_schedule(const std::string& what, const std::string& advice) {
  throw ModelError("[train] lr_schedule: " + what, advice);
}

/// The run's steps after the warm-up.
double steps_to_decay(const TrainingOptions& options, int warmup) {
  if (options.epochs) {
    refuse_schedule("how many steps the epochs will be is not known beforehand with packing",
                    "Give the number of steps to decay in, or iters in place of epochs.");
  }
  if (options.iters <= warmup) {
    refuse_schedule(fmt::format("warmup is {}, which leaves none of the {} steps to decay in",
                                warmup, options.iters),
                    "Shorten the warm-up.");
  }
  return options.iters - warmup;
}

std::vector<double> schedule_arguments(const TrainingOptions& options, int warmup,
                                       const std::string& name, const ScheduleKind& kind) {
  json given = options.lr_schedule.value("arguments", json::array());
  if (kind.decay_steps && given.is_array() && given.size() == *kind.decay_steps)
    given.push_back(nullptr);
  std::vector<double> numbers;
  bool fits = given.is_array() && given.size() >= kind.least && given.size() <= kind.most;
  for (size_t i = 0; fits && i < given.size(); ++i) {
    if (given[i].is_null() && kind.decay_steps == i) {
      numbers.push_back(steps_to_decay(options, warmup));
    } else if (given[i].is_number()) {
      numbers.push_back(given[i].get<double>());
    } else {
      fits = false;
    }
  }
  if (!fits) {
    refuse_schedule(fmt::format("the arguments of {} are {}", name, given.dump()),
                    fmt::format("It takes the numbers {}.", kind.arguments));
  }
  return numbers;
}

/// The chosen optimizer's arguments: mlx-lm keeps those of several under their names.
json own_config(const TrainingOptions& options) {
  const json& config = options.optimizer_config;
  const auto is_of_one = [](const json& entry) { return !entry.is_object() && !entry.is_null(); };
  if (std::any_of(config.begin(), config.end(), is_of_one)) return config;
  const json own = config.value(options.optimizer, json());
  return own.is_null() ? json::object() : own;
}

}  // namespace

std::vector<std::string> optimizer_names() { return names_of(makers()); }
std::vector<std::string> schedule_names() { return names_of(schedules()); }

LearningRate learning_rate_of(const TrainingOptions& options) {
  const json& schedule = options.lr_schedule;
  if (schedule.is_null()) return options.learning_rate;
  const json name = schedule.is_object() ? schedule.value("name", json()) : json();
  const auto found = name.is_string() ? schedules().find(name) : schedules().end();
  if (found == schedules().end()) {
    refuse_schedule(fmt::format("there is no schedule {}", name.dump()),
                    fmt::format("Choose one of {}.", fmt::join(schedule_names(), ", ")));
  }
  const json warmup = schedule.value("warmup", json(0));
  const json from = schedule.value("warmup_init", json(0.0));
  if (!warmup.is_number_integer() || warmup < 0 || warmup > 1'000'000'000 || !from.is_number()) {
    refuse_schedule(fmt::format("warmup is {} and warmup_init {}", warmup.dump(), from.dump()),
                    "Give a number of steps and the learning rate to begin with.");
  }
  const int steps = warmup.get<int>();
  const std::vector<double> numbers =
      schedule_arguments(options, steps, found->first, found->second);
  try {
    optim::Schedule main = found->second.make(numbers);
    if (steps == 0) return main;
    // The warm-up's last value is one step of its own, as in mlx-lm.
    return optim::join_schedules(
        {optim::linear_schedule(from.get<double>(), numbers[0], steps), std::move(main)},
        {steps + 1});
  } catch (const std::invalid_argument& e) {
    refuse_schedule(e.what(), "Correct its arguments.");
  }
}

std::shared_ptr<optim::AnyOptimizer> make_optimizer(const TrainingOptions& options) {
  const auto found = makers().find(options.optimizer);
  if (found == makers().end()) {
    throw ModelError(fmt::format("[train] there is no optimizer \"{}\"", options.optimizer),
                     fmt::format("Choose one of {}.", fmt::join(optimizer_names(), ", ")));
  }
  const json config = own_config(options);
  Arguments arguments(config, options.optimizer);
  try {
    Made made = found->second(arguments, learning_rate_of(options));
    arguments.finish();
    return made;
  } catch (const std::invalid_argument& e) {
    throw ModelError(fmt::format("[train] optimizer_config: {}", e.what()), "Correct the value.");
  }
}

}  // namespace quern::models
