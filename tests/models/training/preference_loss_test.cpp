// The losses of preferences (Rafailov et al. 2023, Hong et al. 2024) against float64 arithmetic on
// the decoder's logits.

#include <gtest/gtest.h>

#include "tests/models/training/tiny_training.h"

namespace quern::tests {
namespace {

using namespace models;
using Objective = TrainingOptions::Objective;

/// Two prompts with a chosen and a rejected answer each, of unequal lengths.
std::vector<TinyRow> pairs() {
  return {{{3, 9, 4, 17, 30, 2}, 2},
          {{8, 1, 20, 7}, 3},
          {{3, 9, 21, 5}, 2},
          {{8, 1, 20, 14, 6, 11, 2}, 3}};
}

/// Sums of the log-probabilities of the rows' answers.
std::vector<double> log_probabilities(const Decoder& decoder, const std::vector<TinyRow>& rows) {
  std::vector<double> sums;
  for (const TinyRow& row : rows) {
    const int length = int(row.tokens.size());
    const reference::Matrix logits =
        to_matrix(decoder.logits(array(row.tokens.begin(), {1, length}, int32)));
    double sum = 0;
    for (int t = row.prompt; t < length; ++t) {
      double all = 0;
      for (int v = 0; v < logits.columns; ++v) all += std::exp(logits(t - 1, v));
      sum += logits(t - 1, row.tokens[size_t(t)]) - std::log(all);
    }
    sums.push_back(sum);
  }
  return sums;
}

double minus_log_sigmoid(double x) { return std::log1p(std::exp(-x)); }

struct Expected {
  double loss = 0, margin = 0, accuracy = 0;
};

Expected dpo(const std::vector<double>& now, const std::vector<double>& before, double beta) {
  Expected out;
  for (size_t i = 0; i < 2; ++i) {
    const double margin = (now[i] - now[i + 2]) - (before[i] - before[i + 2]);
    out.loss += minus_log_sigmoid(beta * margin) / 2;
    out.margin += margin / 2;
    out.accuracy += margin > 0 ? 0.5 : 0;
  }
  return out;
}

Expected orpo(const std::vector<double>& now, double beta) {
  const std::vector<TinyRow> rows = pairs();
  const auto count = [&](size_t i) { return double(rows[i].tokens.size()) - rows[i].prompt; };
  const auto log_odds = [&](size_t i) {
    const double p = std::exp(now[i] / count(i));
    return std::log(p / (1 - p));
  };
  Expected out;
  out.loss = -(now[0] + now[1]) / (count(0) + count(1));
  for (size_t i = 0; i < 2; ++i) {
    const double margin = log_odds(i) - log_odds(i + 2);
    out.loss += beta * minus_log_sigmoid(margin) / 2;
    out.margin += margin / 2;
    out.accuracy += margin > 0 ? 0.5 : 0;
  }
  return out;
}

class PreferenceLoss : public testing::TestWithParam<Objective> {
 protected:
  PreferenceLoss() {
    options_ = tiny_options();
    options_.objective = GetParam();
    options_.beta = 0.3f;
  }

  Expected expected(const nn::Parameters& parameters) const {
    const auto now = log_probabilities(*model_.decoder(parameters, false), pairs());
    if (GetParam() == Objective::orpo) return orpo(now, options_.beta);
    return dpo(now, log_probabilities(tiny_.decoder(), pairs()), options_.beta);
  }
  Trainer trainer() { return Trainer(model_, options_, data_); }

  const TinyModel tiny_ = tiny_llama();
  TrainingOptions options_;
  const TrainableModel model_{ModelFiles::open(tiny_.path()), tiny_options().adapter};
  ListedBatches data_{{batch_of(pairs(), true)}};
};

TEST_P(PreferenceLoss, IsTheFormulas) {
  Trainer training = trainer();
  double first_margin = 0;
  for (int i = 0; i < 12; ++i) {
    SCOPED_TRACE(i);
    const Expected wanted = expected(training.state().parameters);
    const StepReport step = training.step();
    EXPECT_NEAR(step.loss, wanted.loss, 2e-5 * (1 + wanted.loss));
    EXPECT_NEAR(step.margin, wanted.margin, 1e-4 * (1 + std::abs(wanted.margin)));
    // Before the first step dpo's margins are 0 but for rounding.
    if (i == 0) {
      first_margin = step.margin;
    } else {
      EXPECT_EQ(step.accuracy, wanted.accuracy);
    }
  }
  EXPECT_GT(expected(training.state().parameters).margin, first_margin + 0.5);
  EXPECT_EQ(expected(training.state().parameters).accuracy, 1);
}

TEST_P(PreferenceLoss, LeadsWhereItsGradientSays) {
  options_.optimizer = "sgd";
  options_.learning_rate = 1;
  TrainingOptions some = tiny_options();
  nn::Parameters parameters = train(tiny_, some, {batch_of(pairs())}, 2).parameters;
  Trainer training = trainer();
  TrainerState state = training.state();
  state.parameters = parameters;
  training.restore(std::move(state));
  training.step();
  const std::string name = "model.layers.1.self_attn.v_proj.lora_b";
  const std::vector<float> before = floats_of(parameters.at(name)),
                           after = floats_of(training.state().parameters.at(name));
  const Shape shape = parameters.at(name).shape();
  for (const size_t i : {size_t(0), size_t(5), before.size() - 1}) {
    const auto loss_with = [&](double change) {
      std::vector<float> changed = before;
      changed[i] = float(changed[i] + change);
      parameters.insert_or_assign(name, array(changed.begin(), shape, float32));
      return expected(parameters).loss;
    };
    const double slope = (loss_with(1e-2) - loss_with(-1e-2)) / 2e-2;
    EXPECT_NEAR(before[i] - after[i], slope, 1e-3 + 0.02 * std::abs(slope)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Objectives, PreferenceLoss,
                         testing::Values(Objective::dpo, Objective::orpo),
                         [](const auto& objective) {
                           return objective.param == Objective::dpo ? "Dpo" : "Orpo";
                         });

}  // namespace
}  // namespace quern::tests
