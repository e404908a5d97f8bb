#include "models/training/data/tokenized_batches.h"

#include <limits>

#include "engine/io/safetensors.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using tests::ModelFolder;

/// One step of two rows and four columns.
std::filesystem::path write(const ModelFolder& folder, const std::vector<int32_t>& tokens,
                            const std::vector<int32_t>& lengths) {
  const auto path = folder.path() / "batches.safetensors";
  save_safetensors(path.string(), {{"tokens", array(tokens.begin(), {1, 2, 4}, int32)},
                                   {"lengths", array(lengths.begin(), {1, 2, 2}, int32)}});
  return path;
}

TEST(TokenizedBatches, LearnsFromOffsetToLength) {
  const ModelFolder folder;
  TokenizedBatches source(write(folder, {5, 6, 7, 0, 1, 2, 3, 4}, {1, 3, 2, 4}), 8);
  EXPECT_EQ(source.batches_per_epoch(), 1);
  EXPECT_EQ(source.largest_batch(), std::pair(2, 4));
  const Batch batch = source.next();
  EXPECT_EQ(batch.tokens, (std::vector<int32_t>{5, 6, 7, 0, 1, 2, 3, 4}));
  EXPECT_EQ(batch.supervised, (std::vector<uint8_t>{0, 1, 1, 0, 0, 0, 1, 1}));
  EXPECT_EQ(batch.lengths, (std::vector<int>{3, 4}));
  EXPECT_EQ(source.position(), (DataPosition{1, 0, 0}));
}

TEST(TokenizedBatches, NumbersAreChecked) {
  const ModelFolder folder;
  const auto refuses = [&](const std::vector<int32_t>& tokens, const std::vector<int32_t>& lengths,
                           const char* what) {
    expect_error([&] { TokenizedBatches(write(folder, tokens, lengths), 8); }, {what});
  };
  refuses({5, 6, 8, 0, 1, 2, 3, 4}, {1, 3, 2, 4}, "token 8 at 2");
  refuses({5, -6, 7, 0, 1, 2, 3, 4}, {1, 3, 2, 4}, "token -6 at 1");
  refuses({5, 6, 7, 1, 1, 2, 3, 4}, {1, 3, 2, 4}, "token 1 at 3 of 3");
  refuses({5, 6, 7, 0, 1, 2, 3, 4}, {1, 5, 2, 4}, "offset 1 and length 5");
  refuses({5, 6, 7, 0, 1, 2, 3, 4}, {-1, 3, 2, 4}, "offset -1");
  refuses({5, 6, 7, 0, 1, 2, 3, 4}, {1, 3, 3, 2}, "row 1: offset 3 and length 2");
  refuses({5, 6, 7, 0, 1, 2, 3, 4}, {3, 3, 4, 4}, "nothing to learn");
  const auto path = folder.path() / "batches.safetensors";
  save_safetensors(path.string(), {{"tokens", array({1.0f, 2.0f}, {1, 1, 2})}});
  expect_error([&] { TokenizedBatches(path, 8); }, {"not int32"});
  expect_error([&] { TokenizedBatches(folder.path() / "none.safetensors", 8); }, {"none"});
}

TEST(TokenizedBatches, FixturesHaveTheTokensOfTheirTraces) {
  QUERN_NEEDS_FIXTURES("training");
  int runs = 0;
  for (const auto& run :
       std::filesystem::directory_iterator(tests::fixtures_folder() / "training")) {
    const auto trace = nlohmann::json::parse(std::ifstream(run.path() / "trace.json"));
    const auto path = run.path() / "batches.safetensors";
    TokenizedBatches source(path, std::numeric_limits<int32_t>::max());
    for (const auto& tokens : trace["tokens"]) {
      EXPECT_EQ(source.next().supervised_tokens(), tokens.get<int64_t>()) << run.path();
    }
    EXPECT_EQ(source.position(), (DataPosition{1, 0, 0})) << "one epoch";
    source.seek({0, 0, 5});
    EXPECT_EQ(source.next().supervised_tokens(), trace["tokens"][5].get<int64_t>());
    EXPECT_THROW(source.seek({0, 0, 12}), std::out_of_range);
    EXPECT_THROW(source.seek({0, 1, 0}), std::out_of_range);
    ++runs;
  }
  EXPECT_GT(runs, 0);
}

}  // namespace
}  // namespace quern::models
