#include "models/training/training_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "engine/io/atomic_file.h"
#include "models/adapters/adapter_files.h"
#include "models/config/config_reader.h"
#include "models/error.h"
#include "models/training/training_plan.h"
#include "models/weights/checkpoint_writer.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* settings_file = "training.json";
constexpr size_t kept_checkpoints = 2;
constexpr size_t shard_bytes = size_t(5) << 30;

void write_text(const fs::path& file, const std::string& text) {
  AtomicFile out(file);
  out.write(text.data(), text.size());
  out.commit();
}

/// What the system says of a folder, as an error that names it.
template <typename F>
auto or_model_error(const fs::path& path, F&& action) {
  try {
    return action();
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& e) {
    throw ModelError(fmt::format("[train] {}: {}", path.string(), e.what()),
                     "Choose a folder that can be written to, with enough room.");
  }
}

/// What AtomicFile had not finished when the program ended.
void remove_unfinished(const fs::path& folder) {
  if (!fs::is_directory(folder)) return;
  std::vector<fs::path> unfinished;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".part") unfinished.push_back(entry.path());
  }
  for (const fs::path& file : unfinished) fs::remove(file);
}

/// What mlx-lm needs to read the adapter, and everything that it was trained with.
json adapter_config_of(const TrainableModel& model, const TrainingOptions& options) {
  json config = options.to_json();
  config.erase("lora_parameters");
  config.update(mlx_config(model.plain_config()));
  config["model"] = model.files().path.string();
  return config;
}

/// A folder that LanguageModel::load takes.
void write_model(const fs::path& to, const TrainableModel& model,
                 const nn::Parameters& parameters) {
  const fs::path& from = model.files().path;
  if (!fs::equivalent(from, to)) {
    constexpr std::string_view kinds[] = {".json", ".txt", ".model", ".tiktoken", ".jinja"};
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
      const std::string kind = entry.path().extension().string();
      if (!entry.is_regular_file() || std::count(std::begin(kinds), std::end(kinds), kind) == 0)
        continue;
      if (entry.path().filename() != settings_file) {
        fs::copy_file(entry.path(), to / entry.path().filename(),
                      fs::copy_options::overwrite_existing);
      }
    }
  }
  int64_t count = 0;
  for (const auto& [name, value] : parameters) count += int64_t(value.size());
  write_checkpoint(to, OrderedTensors(parameters.begin(), parameters.end()), count, shard_bytes,
                   {});
}

}  // namespace

TrainingFolder::TrainingFolder(fs::path path) : path_(std::move(path)), lock_(path_) {}

void TrainingFolder::refuse_taken(const fs::path& path) {
  std::error_code ignored;
  const bool is_training = fs::exists(path / settings_file, ignored);
  if (is_training || fs::exists(path / mlx_adapter_file, ignored)) {
    throw ModelError(fmt::format("[train] {}: holds a training already", path.string()),
                     is_training ? "Go on with it (--resume), or choose another folder."
                                 : "Choose another folder.");
  }
  if (fs::exists(path / "config.json", ignored)) {
    throw ModelError(fmt::format("[train] {}: holds a model already", path.string()),
                     "Choose another folder for what is trained.");
  }
}

json TrainingFolder::settings_in(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path / settings_file, ignored)) {
    throw ModelError(fmt::format("[train] {}: holds no training that could go on", path.string()),
                     "Begin one without --resume.");
  }
  return read_json_object(path / settings_file, "train");
}

TrainingFolder TrainingFolder::create(const fs::path& path, const json& settings) {
  refuse_taken(path);
  return or_model_error(path, [&] {
    // The settings come last: without them there is no training yet.
    fs::create_directories(path / "checkpoints");
    TrainingFolder folder(path);
    remove_unfinished(path);
    refuse_taken(path);
    write_text(path / settings_file, settings.dump(2) + "\n");
    return folder;
  });
}

TrainingFolder TrainingFolder::open(const fs::path& path, const json& settings) {
  const json begun = settings_in(path);
  refuse_changes(begun, settings);
  return or_model_error(path, [&] {
    TrainingFolder folder(path);
    remove_unfinished(path);
    fs::create_directories(path / "checkpoints");
    if (settings != begun) write_text(path / settings_file, settings.dump(2) + "\n");
    return folder;
  });
}

void TrainingFolder::log(const json& report) {
  std::ofstream out(path_ / "metrics.jsonl", std::ios::app);
  out << report.dump() + "\n" << std::flush;
  if (out) return;
  throw ModelError(fmt::format("[train] {}: cannot be written", (path_ / "metrics.jsonl").string()),
                   "Free some space, then go on with --resume.");
}

void TrainingFolder::forget_after(int64_t iteration) {
  std::ifstream in(path_ / "metrics.jsonl");
  if (!in) return;
  std::string kept, line;
  while (std::getline(in, line)) {
    const json report = json::parse(line, nullptr, false);
    // A line that the last crash cut off is none.
    if (report.is_object() && report.value("iteration", int64_t(0)) <= iteration)
      kept += line + "\n";
  }
  in.close();
  or_model_error(path_, [&] { write_text(path_ / "metrics.jsonl", kept); });
}

std::vector<std::pair<int64_t, fs::path>> TrainingFolder::checkpoints() const {
  std::vector<std::pair<int64_t, fs::path>> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_ / "checkpoints")) {
    if (entry.path().extension() != ".safetensors") continue;
    const std::string stem = entry.path().stem().string();
    int64_t steps = 0;
    const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), steps);
    if (error == std::errc() && end == stem.data() + stem.size()) found.emplace_back(steps, entry);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<fs::path> TrainingFolder::last_checkpoint() const {
  const auto all = checkpoints();
  if (all.empty()) return std::nullopt;
  return all.back().second;
}

void TrainingFolder::save(const TrainingCheckpoint& checkpoint) {
  const fs::path file =
      path_ / "checkpoints" / fmt::format("{:07}.safetensors", checkpoint.state.iteration);
  try {
    save_checkpoint(file, checkpoint);
  } catch (const std::exception& e) {
    const auto last = last_checkpoint();
    throw ModelError(
        fmt::format("[train] the checkpoint after {} steps was not saved: {}",
                    checkpoint.state.iteration, e.what()),
        last ? fmt::format("The one after {} steps is whole: free some space, then go on with "
                           "--resume.",
                           std::stoll(last->stem().string()))
             : "Free some space, then begin again with --resume.");
  }
  const auto all = checkpoints();
  for (size_t i = 0; i + kept_checkpoints < all.size(); ++i) fs::remove(all[i].second);
}

void TrainingFolder::save_result(const TrainableModel& model, const nn::Parameters& parameters,
                                 const TrainingOptions& options, bool is_last) {
  const fs::path to = is_last ? path_ / "last" : path_;
  try {
    fs::create_directories(to);
    if (model.is_from_scratch()) return write_model(to, model, parameters);
    write_adapter(to, adapter_config_of(model, options), mlx_adapter_file,
                  {parameters.begin(), parameters.end()});
  } catch (const std::exception& e) {
    throw ModelError(fmt::format("[train] the result was not saved: {}", e.what()),
                     "The checkpoints are whole: free some space, then go on with --resume.");
  }
}

}  // namespace quern::models
