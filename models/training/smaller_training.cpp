#include "models/training/smaller_training.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace quern::models {

namespace {

constexpr int shortest_rows = 64;  ///< tokens: less is no conversation

/// A training, and what was changed of it.
struct Candidate {
  TrainingOptions options;
  BatchShape train;
  std::optional<BatchShape> valid;
};

void shorten(BatchShape& batch, int columns) { batch.columns = std::min(batch.columns, columns); }

/// Halves the batch: false when it is one row, or one pair, already. Packed rows are one row in any
/// case.
bool halve_batch(Candidate& c) {
  if (c.train.packed || c.options.batch_size < 2) return false;
  const int rows_each = c.options.objective == TrainingOptions::Objective::tokens ? 1 : 2;
  c.options.batch_size /= 2;
  c.options.grad_accumulation_steps *= 2;
  const int most = c.options.batch_size * rows_each;
  c.train.rows = std::min(c.train.rows, most);
  if (c.valid) c.valid->rows = std::min(c.valid->rows, most);
  return true;
}

/// Halves the longest row that there is, whatever the setting was.
bool halve_length(Candidate& c) {
  const int length = std::min(c.options.max_seq_length, c.train.columns) / 2;
  if (length < shortest_rows) return false;
  c.options.max_seq_length = length;
  shorten(c.train, length);
  if (c.valid) shorten(*c.valid, length);
  return true;
}

bool turn_checkpoint_on(Candidate& c) {
  return !c.options.grad_checkpoint && (c.options.grad_checkpoint = true);
}

bool is_lora(const Candidate& c) { return c.options.adapter.kind == AdapterConfig::Kind::lora; }

class Search {
 public:
  Search(const TrainableModel& model, size_t bytes) : model_(model), bytes_(bytes) {}

  MemoryForecast forecast(const Candidate& c) const {
    const AdapterConfig& was = model_.config();
    const AdapterConfig& now = c.options.adapter;
    if (was.rank == now.rank && was.num_layers == now.num_layers)
      return forecast_memory(model_, c.options, c.train, c.valid);
    const TrainableModel other(model_.files(), now, model_.compute_dtype());
    return forecast_memory(other, c.options, c.train, c.valid);
  }

  /// Changes it until it fits; none when it cannot be changed further.
  std::optional<MemoryForecast> until_it_fits(Candidate& c, bool (*change)(Candidate&)) const {
    while (change(c)) {
      if (MemoryForecast f = forecast(c); f.total() <= bytes_) return f;
    }
    return std::nullopt;
  }

 private:
  const TrainableModel& model_;
  const size_t bytes_;
};

std::string batch_setting(const TrainingOptions& options) {
  return fmt::format("set batch_size to {} and grad_accumulation_steps to {}", options.batch_size,
                     options.grad_accumulation_steps);
}
std::string length_setting(const TrainingOptions& options) {
  return fmt::format("set max_seq_length to {}", options.max_seq_length);
}

}  // namespace

std::vector<SmallerTraining> smaller_trainings(const TrainableModel& model,
                                               const TrainingOptions& options,
                                               const BatchShape& train,
                                               const std::optional<BatchShape>& valid,
                                               size_t bytes) {
  const Search search(model, bytes);
  Candidate start{options, train, valid};
  // The model's choice of layers in numbers, as far as it can be halved.
  start.options.adapter = model.config();
  int& layers = start.options.adapter.num_layers;
  if (is_lora(start) && layers < 0) layers = int(model.files().spec.layers.size());
  std::vector<SmallerTraining> found;
  const auto attempt = [&](bool (*change)(Candidate&), auto&& describe) {
    Candidate c = start;
    if (const auto fitting = search.until_it_fits(c, change))
      found.push_back({describe(c.options), *fitting});
  };
  attempt(halve_batch, batch_setting);
  attempt(halve_length, length_setting);
  attempt(turn_checkpoint_on, [](const auto&) { return std::string("turn grad_checkpoint on"); });
  attempt(
      [](Candidate& c) {
        return is_lora(c) && c.options.adapter.num_layers > 1 &&
               (c.options.adapter.num_layers /= 2) > 0;
      },
      [](const TrainingOptions& o) {
        return fmt::format("set num_layers to {}", o.adapter.num_layers);
      });
  attempt(
      [](Candidate& c) {
        return is_lora(c) && c.options.adapter.rank > 1 && (c.options.adapter.rank /= 2) > 0;
      },
      [](const TrainingOptions& o) { return fmt::format("set rank to {}", o.adapter.rank); });
  if (!found.empty()) return found;

  Candidate all = start;
  std::vector<std::string> settings;
  if (turn_checkpoint_on(all)) settings.push_back("turn grad_checkpoint on");
  auto fitting = search.until_it_fits(all, halve_batch);
  if (all.options.batch_size < options.batch_size) settings.push_back(batch_setting(all.options));
  if (!fitting) {
    fitting = search.until_it_fits(all, halve_length);
    settings.push_back(length_setting(all.options));
  }
  if (fitting) found.push_back({fmt::format("{}", fmt::join(settings, ", ")), *fitting});
  return found;
}

ModelError does_not_fit(const MemoryForecast& forecast, size_t bytes,
                        const std::vector<SmallerTraining>& smaller) {
  std::vector<std::string> ways;
  for (const SmallerTraining& way : smaller)
    ways.push_back(fmt::format("{} ({})", way.what, memory_text(way.forecast.total())));
  std::string advice = fmt::format("{}.", fmt::join(ways, ", or "));
  advice[0] = char(std::toupper(static_cast<unsigned char>(advice[0])));
  if (ways.empty()) advice = "Choose a smaller model, or one of fewer bits, or free memory.";
  return ModelError(fmt::format("[train] {}; {} are there", forecast.summary(), memory_text(bytes)),
                    advice);
}

}  // namespace quern::models
