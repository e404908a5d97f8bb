#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/settings_file.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/training/optimizer_choice.h"
#include "models/training/prepared_training.h"

namespace quern::cli {

namespace {

using models::TrainingPlan;
using nlohmann::json;

enum class Value { integer, number, text, list, flag };

/// A setting that has a flag of its own: the others are for --config.
struct Flag {
  const char* flag;
  const char* setting;  ///< "lora_parameters.NAME" for one of these
  Value value;
  const char* description;
};

constexpr Flag flags[] = {
    {"--fine-tune-type", "fine_tune_type", Value::text, "lora, dora or full"},
    {"--num-layers", "num_layers", Value::integer, "Train the last so many layers; -1: all"},
    {"--rank", "lora_parameters.rank", Value::integer, "Of LoRA's matrices"},
    {"--scale", "lora_parameters.scale", Value::number, "What LoRA's change is multiplied with"},
    {"--dropout", "lora_parameters.dropout", Value::number, "Part of LoRA's inputs left out"},
    {"--keys", "lora_parameters.keys", Value::list,
     "Modules to adapt: self_attn.q_proj,self_attn.v_proj"},
    {"--rank-stabilized", "lora_parameters.rank_stabilized", Value::flag,
     "Scale by the square root of the rank (rsLoRA)"},
    {"--iters", "iters", Value::integer, "Steps"},
    {"--epochs", "epochs", Value::number, "Go through the data so often, in place of --iters"},
    {"--batch-size", "batch_size", Value::integer, "Rows in a batch"},
    {"--grad-accumulation-steps", "grad_accumulation_steps", Value::integer, "Batches in a step"},
    {"--max-seq-length", "max_seq_length", Value::integer, "Tokens of a row; longer ones are cut"},
    {"--optimizer", "optimizer", Value::text, "adam, adamw, lion, adafactor, muon, sgd, ..."},
    {"--learning-rate", "learning_rate", Value::number, "Of every step, without a schedule"},
    {"--max-grad-norm", "max_grad_norm", Value::number, "Scale gradients down to it; 0: never"},
    {"--grad-checkpoint", "grad_checkpoint", Value::flag, "Less memory for more time"},
    {"--dtype", "dtype", Value::text, "float32, or bfloat16 or float16 for mixed precision"},
    {"--objective", "objective", Value::text, "tokens; dpo or orpo for preferences"},
    {"--beta", "beta", Value::number, "Of dpo and orpo"},
    {"--supervise", "supervise", Value::text,
     "What is learnt of conversations: assistant_turns, last_turn or everything"},
    {"--pack", "pack", Value::flag, "Lay rows one after the other instead of padding them"},
    {"--drop-long", "drop_long", Value::flag, "Leave rows out that are too long"},
    {"--skip-bad-rows", "skip_bad_rows", Value::flag, "Train without the rows that cannot be used"},
    {"--valid-fraction", "valid_fraction", Value::number, "Of the rows, to be held out"},
    {"--steps-per-report", "steps_per_report", Value::integer, "Steps between reports"},
    {"--steps-per-eval", "steps_per_eval", Value::integer, "Steps between validations; 0: none"},
    {"--val-batches", "val_batches", Value::integer, "Batches of a validation; -1: all"},
    {"--save-every", "save_every", Value::integer, "Steps between checkpoints"},
    {"--early-stopping", "early_stopping_patience", Value::integer,
     "End after so many validations without a new best; 0: never"},
    {"--resume-adapter-file", "resume_adapter_file", Value::text,
     "An adapter, or its adapters.safetensors, to begin with"},
    {"--seed", "seed", Value::integer, "Of everything random"},
};

struct Train {
  std::string model, data, out, config;
  bool resume = false, only_forecast = false, force = false;
  std::optional<int> show_mask;
  json given = json::object();  ///< settings from flags

  void take(const Flag& flag, const std::string& text);
  int run(Output& output);

 private:
  TrainingPlan plan() const;
  void print_mask(const models::PreparedTraining& training, Output& output) const;
};

/// What the text of a flag means; a text that is no number stays one, for the plan to refuse.
json value_of(Value kind, const std::string& text) {
  switch (kind) {
    case Value::flag:
      return true;
    case Value::integer:
    case Value::number: {
      const json number = json::parse(text, nullptr, false);
      return number.is_number() ? number : json(text);
    }
    case Value::list: {
      json list = json::array();
      for (const std::string& one : CLI::detail::split(text, ',')) list.push_back(one);
      return list;
    }
    case Value::text:
      break;
  }
  return text;
}

void Train::take(const Flag& flag, const std::string& text) {
  const std::string_view setting = flag.setting;
  const size_t dot = setting.find('.');
  json& place =
      dot == std::string_view::npos
          ? given[std::string(setting)]
          : given[std::string(setting.substr(0, dot))][std::string(setting.substr(dot + 1))];
  place = value_of(flag.value, text);
}

TrainingPlan Train::plan() const {
  TrainingPlan plan;
  plan.out = "adapters";
  if (resume) {
    plan = models::plan_of_folder(out.empty() ? plan.out : std::filesystem::path(out));
  } else if (!config.empty()) {
    plan.update(read_settings(config), config);
  }
  plan.update(given, "the command line");
  if (!model.empty()) plan.model = model;
  if (!data.empty()) plan.data = data;
  if (!out.empty()) plan.out = out;
  if (plan.model.empty() || plan.data.empty()) {
    throw models::ModelError(
        fmt::format("[train] no {} is named", plan.model.empty() ? "model" : "data"),
        "Give MODEL and --data, or name them in the file of --config.");
  }
  plan.model = model_path(plan.model.string());
  return plan;
}

/// What the data is, how much of the model is trained and what memory that takes, before the first
/// step.
void print_beginning(const models::PreparedTraining& training,
                     const models::MemoryForecast& forecast, Output& output) {
  json begin = {{"parameters", training.parameters()},
                {"trained_parameters", training.trained_parameters()},
                {"memory", forecast.to_json()}};
  if (const models::Dataset* data = training.data()) {
    const models::DataReport& report = data->train().report;
    output.text(report.summary() + "\n");
    begin["rows"] = report.good;
    begin["bad_rows"] = report.bad;
    begin["truncated_rows"] = report.truncated;
    begin["train_rows"] = data->train().rows->size();
    begin["valid_rows"] = data->valid() ? data->valid()->rows->size() : 0;
  }
  output.text(fmt::format("{} of {} parameters are trained ({:.3f} %)\n",
                          training.trained_parameters(), training.parameters(),
                          100.0 * double(training.trained_parameters()) /
                              double(std::max<int64_t>(1, training.parameters()))));
  output.text(forecast.summary() + "\n");
  if (output.json()) output.object({{"begin", begin}});
}

std::string duration(double seconds) {
  const auto whole = int64_t(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

/// Prints reports: all of them as JSON, or every tenth step and every validation for people.
class Reporter {
 public:
  explicit Reporter(Output& output) : output_(output) {}

  void operator()(const models::TrainingProgress& progress) {
    if (output_.json()) return output_.object(progress.to_json());
    const models::StepReport& step = progress.step;
    const std::string line = fmt::format(
        "step {}{}  loss {:.4f}  learning rate {:.2e}  gradient {:.3f}  {:.0f} tokens/s  {:.2f} "
        "GB{}{}",
        step.iteration, progress.iterations > 0 ? fmt::format("/{}", progress.iterations) : "",
        step.loss, step.learning_rate, step.grad_norm, progress.tokens_per_second,
        double(progress.peak_memory) / 1e9,
        progress.seconds_left ? "  " + duration(*progress.seconds_left) + " left" : "",
        step.skipped ? "  not finite: skipped" : "");
    if (step.iteration % 10 == 0 || step.iteration == 1 || step.skipped) {
      output_.end_progress();
      output_.text(line + "\n");
    } else {
      output_.progress(line);
    }
  }
  void operator()(const models::ValidationProgress& progress) {
    if (output_.json()) return output_.object(progress.to_json());
    output_.end_progress();
    output_.text(fmt::format("after {} steps: validation loss {:.4f}{} ({:.1f} s)\n",
                             progress.iteration, progress.report.loss,
                             progress.is_best ? ", the best so far" : "", progress.report.seconds));
  }
  void operator()(const models::CheckpointSaved& saved) {
    if (!output_.json()) output_.progress(fmt::format("saved after {} steps", saved.iteration));
  }

 private:
  Output& output_;
};

int report_end(const models::TrainingOutcome& outcome, const std::string& out, bool is_model,
               Output& output) {
  using End = models::TrainingOutcome::End;
  output.end_progress();
  if (output.json()) {
    output.object(
        {{"done",
          {{"iterations", outcome.iterations},
           {"best_val_loss", outcome.best_loss ? json(*outcome.best_loss) : json()},
           {"best_iteration", outcome.best_iteration ? json(*outcome.best_iteration) : json()},
           {"end", outcome.end == End::finished  ? "finished"
                   : outcome.end == End::stopped ? "stopped"
                                                 : "early_stopped"},
           {"path", out}}}});
  } else if (outcome.end == End::stopped) {
    output.text(
        fmt::format("Stopped after {} steps; --resume goes on from there.\n", outcome.iterations));
  } else {
    output.text(fmt::format(
        "{} after {} steps.{} The {} is in {}\n",
        outcome.end == End::early_stopped ? "Validation no longer improved: ended" : "Done",
        outcome.iterations,
        outcome.best_loss ? fmt::format(" Best validation loss {:.4f}, after {} steps.",
                                        *outcome.best_loss, outcome.best_iteration.value_or(0))
                          : "",
        is_model ? "model" : "adapter", out));
  }
  return outcome.end == End::stopped ? interrupted : done;
}

void Train::print_mask(const models::PreparedTraining& training, Output& output) const {
  for (const models::MaskedToken& token : training.describe_mask(size_t(*show_mask - 1))) {
    if (output.json()) {
      output.object({{"id", token.id}, {"text", token.text}, {"supervised", token.is_supervised}});
    } else {
      output.text(fmt::format("{} {:>7}  {}\n", token.is_supervised ? '*' : ' ', token.id,
                              json(token.text).dump(-1, ' ', false)));
    }
  }
}

/// None when Ctrl-C came before all of the data was checked.
std::unique_ptr<models::PreparedTraining> prepare(const TrainingPlan& plan, Interrupt& interrupt,
                                                  Output& output) {
  const auto show_progress = [&](uint64_t done_bytes, uint64_t total) {
    output.progress(
        fmt::format("checking the data: {} of {} MB", done_bytes / 1'000'000, total / 1'000'000));
  };
  try {
    auto training =
        std::make_unique<models::PreparedTraining>(plan, show_progress, interrupt.token());
    output.end_progress();
    return training;
  } catch (const models::ModelError&) {
    output.end_progress();
    if (interrupt.requested()) return nullptr;
    throw;
  }
}

int Train::run(Output& output) {
  Interrupt interrupt;
  const TrainingPlan wanted = plan();
  // Not only after all of the data was read.
  if (!resume && !show_mask) models::TrainingFolder::refuse_taken(wanted.out);
  const auto prepared = prepare(wanted, interrupt, output);
  if (!prepared) return interrupted;
  models::PreparedTraining& training = *prepared;
  if (show_mask) {
    print_mask(training, output);
    return done;
  }
  const models::MemoryForecast forecast = training.forecast();
  print_beginning(training, forecast, output);
  if (!force) training.check_memory(forecast);
  if (only_forecast) return done;
  Reporter reporter(output);
  const models::TrainingOutcome outcome = training.run(
      resume, {.report = [&](const models::TrainingEvent& event) { std::visit(reporter, event); },
               .stop = interrupt.token()});
  return report_end(outcome, wanted.out.string(), training.is_from_scratch(), output);
}

}  // namespace

Action add_train(CLI::App& command) {
  const auto verb = std::make_shared<Train>();
  command.add_option(
      "MODEL", verb->model,
      "A model: a folder or a .gguf file. A folder with config.json and a tokenizer, "
      "but without weights, is trained from scratch");
  command
      .add_option("--data", verb->data,
                  "Rows to learn from: a .jsonl, .json, .csv or .txt file, a folder with train and "
                  "valid files, or tokenized batches (.safetensors)")
      ->type_name("PATH");
  command
      .add_option("--out,--adapter-path", verb->out,
                  "Where the result, checkpoints and log go (adapters)")
      ->type_name("DIR");
  CLI::Option* config = command
                            .add_option("--config,-c", verb->config,
                                        "Settings as JSON or YAML (.yaml, .yml), under mlx-lm's "
                                        "names; flags come before them")
                            ->type_name("FILE");
  command
      .add_flag("--resume", verb->resume,
                "Go on with the training in --out; its length may be changed")
      ->excludes(config);
  command
      .add_option("--show-mask", verb->show_mask,
                  "Print a row token by token, those that are learnt marked, and train nothing")
      ->check(CLI::PositiveNumber)
      ->type_name("ROW");
  command.add_flag("--forecast", verb->only_forecast,
                   "Say how much memory it will take, and train nothing");
  command.add_flag("--force", verb->force, "Train even if it should not fit into memory");
  for (const Flag& flag : flags) {
    if (flag.value == Value::flag) {
      command.add_flag_callback(
          flag.flag, [verb, &flag] { verb->take(flag, {}); }, flag.description);
    } else {
      command
          .add_option_function<std::string>(
              flag.flag, [verb, &flag](const std::string& text) { verb->take(flag, text); },
              flag.description)
          ->type_name(flag.value == Value::integer  ? "INT"
                      : flag.value == Value::number ? "NUMBER"
                                                    : "TEXT");
    }
  }
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
