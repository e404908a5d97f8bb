#include "engine/optim/optimizers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/nn/linear.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/shape.h"
#include "engine/transforms/compile.h"
#include "tests/engine/ops/reference.h"
#include "tests/temporary_folder.h"

namespace quern::tests {

using namespace optim;

namespace {

using Numbers = std::vector<double>;
/// An update rule in float64, over all elements: w and what it keeps change.
using Rule =
    std::function<void(Numbers& w, const Numbers& g, std::map<std::string, Numbers>& slots, int t)>;

/// Runs an optimizer and its rule side by side over the gradients of a few steps.
void expect_rule(const char* name, AnyOptimizer& optimizer, const Rule& rule,
                 const Shape& shape = {3, 4}) {
  SCOPED_TRACE(name);
  Parameters parameters{{"block.weight", random_array(shape, float32, 11)}};
  Numbers w = doubles(parameters.at("block.weight"));
  std::map<std::string, Numbers> slots;
  for (int t = 1; t <= 5; ++t) {
    const array gradient = random_array(shape, float32, uint64_t(t));
    parameters = optimizer.apply_gradients({{"block.weight", gradient}}, parameters);
    rule(w, doubles(gradient), slots, t);
    expect_close(parameters.at("block.weight"), w, 1e-5, 2e-6);
  }
  const Parameters state = optimizer.state();
  EXPECT_EQ(state.at("step").item<int>(), 5);
  EXPECT_EQ(state.at("step").dtype(), uint64);
  EXPECT_EQ(state.size(), slots.size() + 1 + state.count("learning_rate"));
  for (const auto& [slot, values] : slots) {
    SCOPED_TRACE(slot);
    ASSERT_TRUE(state.count("block.weight." + slot));
    expect_close(state.at("block.weight." + slot), values, 1e-5, 1e-6);
  }
}

/// A rule that does the same to each element, given references to its slots' values.
template <typename F>
Rule elementwise(const std::vector<std::string>& names, F f) {
  return [=](Numbers& w, const Numbers& g, std::map<std::string, Numbers>& slots, int t) {
    for (const std::string& name : names) slots[name].resize(w.size());
    for (size_t i = 0; i < w.size(); ++i) {
      std::vector<double*> kept;
      for (const std::string& name : names) kept.push_back(&slots[name][i]);
      f(w[i], g[i], kept, t);
    }
  };
}

using Kept = std::vector<double*>;

double square_of(double x) { return x * x; }

void expect_sgd(const char* name, double momentum, double decay, double dampening, bool nesterov) {
  SGD optimizer(0.1, momentum, decay, dampening, nesterov);
  expect_rule(name, optimizer, elementwise({"v"}, [=](double& w, double g, const Kept& s, int) {
                g += decay * w;
                if (momentum == 0) {
                  w -= 0.1 * g;
                  return;
                }
                double& v = *s[0];
                v = momentum * v + (1 - dampening) * g;
                w -= 0.1 * (nesterov ? g + momentum * v : v);
              }));
}

}  // namespace

TEST(Optimizers, SGD) {
  expect_sgd("plain", 0, 0, 0, false);
  expect_sgd("weight decay", 0, 0.1, 0, false);
  expect_sgd("momentum", 0.9, 0.1, 0, false);
  expect_sgd("dampening", 0.9, 0, 0.3, false);
  expect_sgd("nesterov", 0.9, 0, 0, true);
  EXPECT_THROW(SGD(0.1, 0, 0, 0, true), std::invalid_argument);
  EXPECT_THROW(SGD(0.1, 0.9, 0, 0.1, true), std::invalid_argument);
}

TEST(Optimizers, RMSprop) {
  RMSprop optimizer(0.1, 0.9, 1e-3);
  expect_rule("RMSprop", optimizer, elementwise({"v"}, [](double& w, double g, const Kept& s, int) {
                *s[0] = 0.9 * *s[0] + 0.1 * g * g;
                w -= 0.1 * g / (std::sqrt(*s[0]) + 1e-3);
              }));
  EXPECT_THROW(RMSprop(0.1, -1), std::invalid_argument);
  EXPECT_THROW(RMSprop(0.1, 0.9, 0), std::invalid_argument);
}

TEST(Optimizers, Adagrad) {
  Adagrad optimizer(0.1, 1e-3);
  expect_rule("Adagrad", optimizer, elementwise({"v"}, [](double& w, double g, const Kept& s, int) {
                *s[0] += g * g;
                w -= 0.1 * g / (std::sqrt(*s[0]) + 1e-3);
              }));
  EXPECT_THROW(Adagrad(0.1, 0), std::invalid_argument);
}

TEST(Optimizers, AdaDelta) {
  AdaDelta optimizer(0.5, 0.8, 1e-3);
  expect_rule("AdaDelta", optimizer,
              elementwise({"v", "u"}, [](double& w, double g, const Kept& s, int) {
                double &v = *s[0], &u = *s[1];
                v = 0.8 * v + 0.2 * g * g;
                const double d = std::sqrt(u + 1e-3) / std::sqrt(v + 1e-3) * g;
                u = 0.8 * u + 0.2 * d * d;
                w -= 0.5 * d;
              }));
  EXPECT_THROW(AdaDelta(0.1, -0.1), std::invalid_argument);
  EXPECT_THROW(AdaDelta(0.1, 0.9, 0), std::invalid_argument);
}

TEST(Optimizers, AdamAndAdamW) {
  const auto adam = [](double decay, bool correct) {
    return elementwise({"m", "v"}, [=](double& w, double g, const Kept& s, int t) {
      double &m = *s[0], &v = *s[1];
      w *= 1 - 0.1 * decay;
      m = 0.8 * m + 0.2 * g;
      v = 0.95 * v + 0.05 * g * g;
      const double m_scale = correct ? 1 - std::pow(0.8, t) : 1;
      const double v_scale = correct ? 1 - std::pow(0.95, t) : 1;
      w -= 0.1 * (m / m_scale) / (std::sqrt(v / v_scale) + 1e-3);
    });
  };
  for (const bool correct : {false, true}) {
    Adam plain(0.1, {0.8, 0.95}, 1e-3, correct);
    expect_rule("Adam", plain, adam(0, correct));
    AdamW decayed(0.1, {0.8, 0.95}, 1e-3, 0.3, correct);
    expect_rule("AdamW", decayed, adam(0.3, correct));
  }
  EXPECT_THROW(Adam(0.1, {1.0, 0.9}), std::invalid_argument);
  EXPECT_THROW(Adam(0.1, {0.9, -0.1}), std::invalid_argument);
  EXPECT_THROW(Adam(0.1, {0.9, 0.9}, -1), std::invalid_argument);
}

TEST(Optimizers, AdamWithItsDefaultsIsNotCorrected) {
  // First step from zeros: m = 0.1 g, v = 0.001 g^2.
  Adam optimizer(0.01);
  const Parameters next = optimizer.apply_gradients({{"w", array({2.0f})}}, {{"w", array({1.0f})}});
  expect_close(next.at("w"), {1 - 0.01 * 0.2 / (std::sqrt(0.004) + 1e-8)}, 1e-6, 0);
}

TEST(Optimizers, Adamax) {
  Adamax optimizer(0.1, {0.8, 0.95}, 1e-3);
  expect_rule("Adamax", optimizer,
              elementwise({"m", "v"}, [](double& w, double g, const Kept& s, int) {
                *s[0] = 0.8 * *s[0] + 0.2 * g;
                *s[1] = std::max(0.95 * *s[1], std::abs(g));
                w -= 0.1 * *s[0] / (*s[1] + 1e-3);
              }));
  EXPECT_THROW(Adamax(0.1, {1.0, 0.9}), std::invalid_argument);
}

TEST(Optimizers, Lion) {
  for (const double decay : {0.0, 0.3}) {
    Lion optimizer(0.1, {0.8, 0.95}, decay);
    expect_rule("Lion", optimizer, elementwise({"m"}, [=](double& w, double g, const Kept& s, int) {
                  const double c = 0.8 * *s[0] + 0.2 * g;
                  *s[0] = 0.95 * *s[0] + 0.05 * g;
                  w = w * (1 - 0.1 * decay) - 0.1 * ((c > 0) - (c < 0));
                }));
  }
  EXPECT_THROW(Lion(0.1, {0.9, 1.0}), std::invalid_argument);
}

namespace {

double root_mean_square(const Numbers& x) {
  double total = 0;
  for (const double value : x) total += value * value;
  return std::sqrt(total / double(x.size()));
}

/// Adafactor of a matrix of `columns`, or of a vector when they are 0.
Rule adafactor(AdafactorOptions o, size_t columns, double learning_rate) {
  return [=](Numbers& w, const Numbers& g, std::map<std::string, Numbers>& slots, int t) {
    double rate = learning_rate;
    if (o.relative_step) rate = std::min(o.warmup_init ? 1e-6 * t : 1e-2, 1 / std::sqrt(double(t)));
    if (o.scale_parameter) rate *= std::max(o.eps.second, root_mean_square(w));
    const double beta = 1 - std::pow(t, o.decay_rate);
    Numbers update(w.size());
    if (columns == 0) {
      Numbers& average = slots["exp_avg_sq"];
      average.resize(w.size());
      for (size_t i = 0; i < w.size(); ++i) {
        average[i] = beta * average[i] + (1 - beta) * (g[i] * g[i] + o.eps.first);
        update[i] = g[i] / std::sqrt(average[i]);
      }
    } else {
      const size_t rows = w.size() / columns;
      Numbers &by_row = slots["exp_avg_sq_row"], &by_column = slots["exp_avg_sq_col"];
      by_row.resize(rows);
      by_column.resize(columns);
      for (double& x : by_row) x *= beta;
      for (double& x : by_column) x *= beta;
      for (size_t i = 0; i < w.size(); ++i) {
        const double squared = (1 - beta) * (g[i] * g[i] + o.eps.first);
        by_row[i / columns] += squared / double(columns);
        by_column[i % columns] += squared / double(rows);
      }
      double mean = 0;
      for (const double x : by_row) mean += x / double(rows);
      for (size_t i = 0; i < w.size(); ++i) {
        update[i] = g[i] / std::sqrt(by_row[i / columns] / mean * by_column[i % columns]);
      }
    }
    const double clip = std::max(1.0, root_mean_square(update) / o.clip_threshold);
    for (double& x : update) x *= rate / clip;
    if (o.beta_1) {
      Numbers& average = slots["exp_avg"];
      average.resize(w.size());
      for (size_t i = 0; i < w.size(); ++i) {
        update[i] = average[i] = *o.beta_1 * average[i] + (1 - *o.beta_1) * update[i];
      }
    }
    for (size_t i = 0; i < w.size(); ++i) w[i] = w[i] * (1 - o.weight_decay * rate) - update[i];
  };
}

void expect_adafactor(const char* name, const AdafactorOptions& options, double rate = 0) {
  Adafactor of_matrix(options), of_vector(options);
  expect_rule(name, of_matrix, adafactor(options, 4, rate), {3, 4});
  expect_rule(name, of_vector, adafactor(options, 0, rate), {5});
}

}  // namespace

TEST(Optimizers, Adafactor) {
  expect_adafactor("defaults", {});
  expect_adafactor("options", {.eps = {1e-4, 0.5},
                               .clip_threshold = 0.5,
                               .decay_rate = -0.5,
                               .beta_1 = 0.8,
                               .weight_decay = 0.1,
                               .warmup_init = true});
  expect_adafactor("learning rate",
                   {.learning_rate = 0.3, .scale_parameter = false, .relative_step = false}, 0.3);
  EXPECT_THROW(Adafactor({.relative_step = false}), std::invalid_argument);
}

namespace {

using Matrix = std::vector<Numbers>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.size(), Numbers(b[0].size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t k = 0; k < b.size(); ++k) {
      for (size_t j = 0; j < b[0].size(); ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

Matrix transposed(const Matrix& a) {
  Matrix t(a[0].size(), Numbers(a.size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a[0].size(); ++j) t[j][i] = a[i][j];
  }
  return t;
}

Matrix combined(double x, const Matrix& a, double y, const Matrix& b) {
  Matrix c = a;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a[0].size(); ++j) c[i][j] = x * a[i][j] + y * b[i][j];
  }
  return c;
}

/// Muon of a matrix with this many rows; none for a vector. scale: of the learning rate.
Rule muon(size_t rows, bool nesterov, double scale) {
  return [=](Numbers& w, const Numbers& gradient, std::map<std::string, Numbers>& slots, int) {
    Numbers& v = slots["v"];
    v.resize(w.size());
    Numbers update(w.size());
    double norm = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      const double g = gradient[i] + 0.1 * w[i];
      v[i] = 0.8 * v[i] + 0.2 * g;
      update[i] = nesterov ? 0.2 * g + 0.8 * v[i] : v[i];
      norm += square_of(update[i]);
    }
    if (rows > 0) {
      const size_t columns = w.size() / rows;
      Matrix x(rows, Numbers(columns));
      for (size_t i = 0; i < w.size(); ++i) {
        x[i / columns][i % columns] = update[i] / (std::sqrt(norm) + 1e-7);
      }
      for (int step = 0; step < 5; ++step) {
        const Matrix gram = product(x, transposed(x));
        x = combined(3.4445, x, 1,
                     product(combined(-4.7750, gram, 2.0315, product(gram, gram)), x));
      }
      for (size_t i = 0; i < w.size(); ++i) update[i] = x[i / columns][i % columns];
    }
    for (size_t i = 0; i < w.size(); ++i) w[i] -= 0.1 * scale * update[i];
  };
}

}  // namespace

TEST(Optimizers, Muon) {
  for (const bool nesterov : {false, true}) {
    Muon wide(0.1, 0.8, 0.1, nesterov), tall(0.1, 0.8, 0.1, nesterov);
    Muon filters(0.1, 0.8, 0.1, nesterov), vector(0.1, 0.8, 0.1, nesterov);
    expect_rule("wide", wide, muon(3, nesterov, 1), {3, 4});
    expect_rule("tall", tall, muon(6, nesterov, std::sqrt(3.0)), {6, 2});
    expect_rule("filters", filters, muon(2, nesterov, 1), {2, 3, 4});
    expect_rule("vector", vector, muon(0, nesterov, 1), {5});
  }
}

namespace {

/// A few steps of gradients that depend on the parameters.
void train(AnyOptimizer& optimizer, Parameters& parameters, int first, int last) {
  for (int t = first; t < last; ++t) {
    Parameters gradients;
    for (const auto& [name, value] : parameters) {
      gradients.emplace(name, value + random_array(value.shape(), float32, uint64_t(t)));
    }
    parameters = optimizer.apply_gradients(gradients, parameters);
  }
}

std::vector<std::unique_ptr<AnyOptimizer>> one_of_each() {
  const Schedule schedule = cosine_decay(0.1, 10);
  std::vector<std::unique_ptr<AnyOptimizer>> all;
  all.push_back(std::make_unique<SGD>(schedule, 0.9));
  all.push_back(std::make_unique<RMSprop>(schedule));
  all.push_back(std::make_unique<Adagrad>(0.1));
  all.push_back(std::make_unique<AdaDelta>(schedule));
  all.push_back(std::make_unique<AdamW>(schedule, Betas{0.9, 0.99}, 1e-8, 0.01, true));
  all.push_back(std::make_unique<Adamax>(schedule));
  all.push_back(std::make_unique<Lion>(schedule));
  all.push_back(std::make_unique<Adafactor>());
  all.push_back(std::make_unique<Muon>(schedule));
  all.push_back(std::make_unique<MultiOptimizer>(
      std::vector<std::shared_ptr<AnyOptimizer>>{std::make_shared<Muon>(schedule),
                                                 std::make_shared<Adam>(0.01)},
      std::vector<MultiOptimizer::Filter>{
          [](const std::string&, const array& a) { return a.ndim() > 1; }}));
  return all;
}

Parameters two_parameters() {
  return {{"a.weight", random_array({3, 4})}, {"b", random_array({5}, float32, 2)}};
}

void expect_identical(const Parameters& got, const Parameters& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    ASSERT_TRUE(got.count(name)) << name;
    EXPECT_EQ(got.at(name).dtype(), value.dtype()) << name;
    EXPECT_EQ(doubles(got.at(name)), doubles(value)) << name;
  }
}

}  // namespace

TEST(Optimizers, ResumeBitByBit) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "state.safetensors";
  auto whole = one_of_each(), first = one_of_each(), second = one_of_each();
  for (size_t i = 0; i < whole.size(); ++i) {
    SCOPED_TRACE(i);
    Parameters wanted = two_parameters(), resumed = two_parameters();
    train(*whole[i], wanted, 0, 6);
    train(*first[i], resumed, 0, 3);
    first[i]->save_state(file);
    second[i]->load_state(file);
    expect_identical(second[i]->state(), first[i]->state());
    train(*second[i], resumed, 3, 6);
    expect_identical(resumed, wanted);
    expect_identical(second[i]->state(), whole[i]->state());
  }
}

TEST(Optimizers, StepsCanBeCompiled) {
  auto plain = one_of_each(), compiled = one_of_each();
  for (size_t i = 0; i < plain.size(); ++i) {
    SCOPED_TRACE(i);
    Parameters wanted = two_parameters(), got = two_parameters();
    compiled[i]->init(got);
    const Parameters state_names = compiled[i]->state(), names = got;
    const auto step = compile([&](const Arrays& in) {
      const auto middle = in.begin() + std::ptrdiff_t(names.size());
      const Parameters parameters = nn::with_values(names, Arrays(in.begin(), middle));
      const auto end = middle + std::ptrdiff_t(names.size());
      const Parameters gradients = nn::with_values(names, Arrays(middle, end));
      compiled[i]->set_state(nn::with_values(state_names, Arrays(end, in.end())));
      Arrays out = nn::values_of(compiled[i]->apply_gradients(gradients, parameters));
      for (const array& a : nn::values_of(compiled[i]->state())) out.push_back(a);
      return out;
    });
    Arrays state = nn::values_of(state_names);
    for (int t = 0; t < 3; ++t) {
      train(*plain[i], wanted, t, t + 1);
      Arrays in = nn::values_of(got);
      for (const auto& [name, value] : got) {
        in.push_back(value + random_array(value.shape(), float32, uint64_t(t)));
      }
      in.insert(in.end(), state.begin(), state.end());
      const Arrays out = step(in);
      const auto middle = out.begin() + std::ptrdiff_t(names.size());
      got = nn::with_values(names, Arrays(out.begin(), middle));
      state = Arrays(middle, out.end());
    }
    expect_identical(got, wanted);
    expect_identical(nn::with_values(state_names, state), plain[i]->state());
  }
}

TEST(Optimizers, StateHasMlxsNames) {
  Adam adam(0.1);
  adam.init({{"layers.0.weight", random_array({2})}});
  std::vector<std::string> names;
  for (const auto& [name, value] : adam.state()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"layers.0.weight.m", "layers.0.weight.v",
                                             "learning_rate", "step"}));
  MultiOptimizer several({std::make_shared<SGD>(0.1), std::make_shared<Lion>(0.1)},
                         {[](const std::string& name, const array&) { return name == "x"; }});
  several.init({{"x", random_array({2})}, {"y", random_array({2})}});
  names.clear();
  for (const auto& [name, value] : several.state()) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"states.0.learning_rate", "states.0.step", "states.0.x.v",
                                      "states.1.learning_rate", "states.1.step", "states.1.y.m"}));
  EXPECT_THROW(adam.set_state({}), std::invalid_argument);
  EXPECT_THROW(adam.set_state({{"step", array(1)}, {"weight", array(1)}}), std::invalid_argument);
  EXPECT_THROW(several.set_state({{"step", array(1)}}), std::invalid_argument);
  EXPECT_THROW(MultiOptimizer({std::make_shared<SGD>(0.1), std::make_shared<SGD>(0.1)}),
               std::invalid_argument);
}

TEST(Optimizers, TheLearningRateIsThatOfTheStepBefore) {
  SGD optimizer(linear_schedule(1, 0, 4));
  Parameters parameters{{"w", array({0.0f})}};
  double wanted = 0;
  for (int t = 0; t < 6; ++t) {
    parameters = optimizer.apply_gradients({{"w", array({1.0f})}}, parameters);
    const double rate = std::max(1 - t / 4.0, 0.0);
    wanted -= rate;
    EXPECT_FLOAT_EQ(optimizer.learning_rate().item<float>(), float(rate));
    expect_close(parameters.at("w"), {wanted}, 1e-6, 1e-6);
  }
  SGD fixed(0.5);
  fixed.set_learning_rate(array(0.25f));
  parameters = fixed.apply_gradients({{"w", array({1.0f})}}, {{"w", array({0.0f})}});
  expect_close(parameters.at("w"), {-0.25}, 0, 0);
}

TEST(Optimizers, StatesHaveTheParametersDtype) {
  for (const auto& optimizer : one_of_each()) {
    const Parameters next = optimizer->apply_gradients({{"w", random_array({4, 4}, bfloat16)}},
                                                       {{"w", random_array({4, 4}, bfloat16, 2)}});
    EXPECT_EQ(next.at("w").dtype(), bfloat16);
    for (const auto& [name, value] : optimizer->state()) {
      if (name.find("w.") == std::string::npos) continue;
      EXPECT_EQ(value.dtype(), bfloat16) << name;
    }
  }
}

TEST(Optimizers, UpdateAModel) {
  nn::Linear linear(2, 1);
  linear.update({{"weight", array({1.0f, 2.0f}, Shape{1, 2})}, {"bias", array({3.0f})}});
  SGD optimizer(0.5);
  optimizer.update(linear, {{"weight", array({2.0f, 4.0f}, Shape{1, 2})}});
  expect_close(linear.weight, {0, 0}, 0, 0);
  expect_close(*linear.bias, {3}, 0, 0);
  EXPECT_THROW(optimizer.update(linear, {{"other", array({2.0f})}}), std::invalid_argument);
  EXPECT_THROW(optimizer.update(linear, {{"bias", array({2.0f, 2.0f})}}), std::invalid_argument);
  EXPECT_EQ(optimizer.step().item<int>(), 1);
}

TEST(Optimizers, GradientsAreClippedByTheirCommonNorm) {
  const Parameters gradients{{"a", array({3.0f, 0.0f})}, {"b", array({4.0f})}};
  const auto [clipped, norm] = clip_grad_norm(gradients, 1.0);
  EXPECT_FLOAT_EQ(norm.item<float>(), 5.0f);
  expect_close(clipped.at("a"), {0.6, 0}, 1e-6, 0);
  expect_close(clipped.at("b"), {0.8}, 1e-6, 0);
  expect_close(clip_grad_norm(gradients, 6.0).first.at("b"), {4}, 0, 0);
  EXPECT_THROW(clip_grad_norm(gradients, -1.0), std::invalid_argument);
  const Parameters halves{{"a", astype(array({3.0f, 4.0f}), bfloat16)}};
  EXPECT_EQ(clip_grad_norm(halves, 1.0).first.at("a").dtype(), bfloat16);
}

}  // namespace quern::tests
