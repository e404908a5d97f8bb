#include "models/training/data/row_batches.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "models/training/data/assemble_batch.h"
#include "models/training/data/shuffle.h"
#include "tests/models/training/data/data_cases.h"

namespace quern::models {
namespace {

using testing::ElementsAre;
using tests::ModelFolder;

/// A data set of so many rows of text, none held out.
Dataset texts(const ModelFolder& folder, int rows, EncodeOptions options = {}) {
  folder.write("train.jsonl", tests::text_lines(rows));
  return Dataset::open(folder.path() / "train.jsonl", tests::tiny_encoder(std::move(options)),
                       {.valid_fraction = 0});
}

std::vector<std::string> all_rows(int rows) {
  std::vector<std::string> texts;
  for (int i = 0; i < rows; ++i) texts.push_back(tests::text_row(i));
  std::sort(texts.begin(), texts.end());
  return texts;
}

/// All rows of the batches, sorted.
std::vector<std::string> rows_in(const std::vector<Batch>& batches, const RowEncoder& encoder) {
  std::vector<std::string> out;
  for (const Batch& batch : batches) {
    const auto texts = tests::texts_of(batch, encoder);
    out.insert(out.end(), texts.begin(), texts.end());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Batch> epoch_of(RowBatches& source) {
  std::vector<Batch> batches;
  const int64_t epoch = source.position().epoch;
  while (source.position().epoch == epoch) batches.push_back(source.next());
  return batches;
}

TEST(Shuffle, IsAPermutationThatTheSeedDecides) {
  std::vector<int> once(100), again(100), other(100);
  for (auto* items : {&once, &again, &other}) std::iota(items->begin(), items->end(), 0);
  shuffle(std::span(once), 1);
  shuffle(std::span(again), 1);
  shuffle(std::span(other), 2);
  EXPECT_EQ(once, again);
  EXPECT_NE(once, other);
  EXPECT_FALSE(std::is_sorted(once.begin(), once.end()));
  EXPECT_EQ(std::set<int>(once.begin(), once.end()).size(), 100u);
}

TEST(RowBatches, ColumnsAreOneAndAMultipleOf32) {
  EXPECT_EQ(padded_columns(2, 2048), 33);
  EXPECT_EQ(padded_columns(33, 2048), 33);
  EXPECT_EQ(padded_columns(34, 2048), 65);
  EXPECT_EQ(padded_columns(60, 50), 50);
  EXPECT_EQ(padded_columns(1, 50), 1);
}

TEST(RowBatches, EveryRowComesOnceAnEpochInAnotherOrder) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 103);
  const auto source = data.train_batches({.batch_size = 4, .seed = 5, .window_batches = 6});
  EXPECT_EQ(source->batches_per_epoch(), 26);
  const auto first = epoch_of(*source), second = epoch_of(*source);
  EXPECT_EQ(first.size(), 26u) << "the tail is a batch as well";
  EXPECT_EQ(rows_in(first, data.encoder()), all_rows(103));
  EXPECT_EQ(rows_in(second, data.encoder()), all_rows(103));
  EXPECT_NE(tests::texts_of(first[0], data.encoder()), tests::texts_of(second[0], data.encoder()));
  EXPECT_EQ(source->counts().rows, 206);
}

TEST(RowBatches, BatchesHoldRowsOfLikeLengthAndPadWithNothing) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 64);
  const auto source = data.train_batches({.batch_size = 8, .seed = 1});
  std::vector<std::pair<int, int>> ranges;
  for (const Batch& batch : epoch_of(*source)) {
    const auto [least, most] = std::minmax_element(batch.lengths.begin(), batch.lengths.end());
    ranges.emplace_back(*least, *most);
    EXPECT_EQ(batch.columns, padded_columns(*most, 2048));
    EXPECT_FALSE(batch.packed || batch.has_pairs);
    for (int row = 0; row < batch.rows; ++row) {
      const auto at = [&](int column) { return size_t(row * batch.columns + column); };
      const int length = batch.lengths[size_t(row)];
      EXPECT_EQ(batch.supervised[at(0)], 0);
      for (int t = 1; t < batch.columns; ++t) {
        EXPECT_EQ(batch.supervised[at(t)], t < length) << row << " " << t;
        if (t >= length) {
          EXPECT_EQ(batch.tokens[at(t)], 0);
        }
      }
    }
  }
  EXPECT_FALSE(std::is_sorted(ranges.begin(), ranges.end())) << "batches come in random order";
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) EXPECT_LE(ranges[i - 1].second, ranges[i].first);
  EXPECT_LE(source->largest_batch(), std::pair(8, 65));
}

TEST(RowBatches, SeekBringsBackTheSameBatchesFromAnySource) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 50);
  for (const bool packs : {false, true}) {
    const RowBatchOptions options{.batch_size = 4, .seed = 9, .packs = packs, .window_batches = 3};
    const auto source = data.train_batches(options);
    std::vector<DataPosition> positions;
    std::vector<std::vector<int32_t>> tokens;
    while (source->position().epoch < 2) {
      positions.push_back(source->position());
      tokens.push_back(source->next().tokens);
    }
    ASSERT_GT(positions.size(), 8u);
    for (const size_t start : {size_t{0}, size_t{1}, positions.size() / 2, positions.size() - 1}) {
      const Dataset again = Dataset::open(folder.path() / "train.jsonl", tests::tiny_encoder(),
                                          {.valid_fraction = 0});
      const auto other = again.train_batches(options);
      other->seek(positions[start]);
      for (size_t i = start; i < positions.size(); ++i) {
        EXPECT_EQ(other->position(), positions[i]);
        EXPECT_EQ(other->next().tokens, tokens[i]) << "from " << start << " at " << i;
      }
    }
    source->seek(positions[2]);
    EXPECT_EQ(source->next().tokens, tokens[2]);
  }
}

TEST(RowBatches, SeekRefusesPositionsThatAreNone) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 10);
  const auto source = data.train_batches({.batch_size = 4});
  const auto first = source->position();
  for (const DataPosition& none : {DataPosition{0, 1, 0}, DataPosition{0, 0, 3},
                                   DataPosition{-1, 0, 0}, DataPosition{0, 0, -1}}) {
    EXPECT_THROW(source->seek(none), std::out_of_range);
    EXPECT_EQ(source->position(), first);
  }
  source->seek({7, 0, 2});
  const Batch last = source->next();
  EXPECT_EQ(source->position(), (DataPosition{8, 0, 0}));
  source->seek({7, 0, 0});
  EXPECT_EQ(source->next().rows + source->next().rows + last.rows, 10);
}

TEST(RowBatches, FewerRowsThanABatchAreABatch) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 3);
  const auto source = data.train_batches({.batch_size = 8});
  EXPECT_EQ(source->batches_per_epoch(), 1);
  EXPECT_EQ(source->largest_batch().first, 3);
  EXPECT_EQ(source->next().rows, 3);
  EXPECT_EQ(source->position(), (DataPosition{1, 0, 0}));
  EXPECT_EQ(source->next().rows, 3);
}

TEST(RowBatches, LongRowsAreCutAndCounted) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 60, {.max_seq_length = 20});
  const auto longer = [&] {
    int64_t count = 0;
    for (int i = 0; i < 60; ++i) count += tests::text_row(i).size() + 1 > 20;  // and the end
    return count;
  }();
  ASSERT_GT(longer, 0);
  EXPECT_EQ(data.train().report.truncated, longer);
  const auto source = data.train_batches({.batch_size = 4});
  for (const Batch& batch : epoch_of(*source)) {
    EXPECT_LE(batch.columns, 20);
    for (const int length : batch.lengths) EXPECT_LE(length, 20);
  }
  EXPECT_EQ(source->counts().truncated, longer);
  EXPECT_EQ(source->counts().left_out, 0);
}

TEST(RowBatches, LongRowsAreLeftOutWhenAskedFor) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 60, {.max_seq_length = 20, .drop_long = true});
  std::vector<std::string> kept;
  for (const auto& text : all_rows(60)) {
    if (text.size() + 1 <= 20) kept.push_back(text);
  }
  EXPECT_EQ(data.train().report.left_out, int64_t(60 - kept.size()));
  const auto source = data.train_batches({.batch_size = 4});
  EXPECT_EQ(rows_in(epoch_of(*source), data.encoder()), kept);
}

TEST(RowBatches, ValidationHasOneOrder) {
  const ModelFolder folder;
  folder.write("train.jsonl", tests::text_lines(4));
  folder.write("valid.jsonl", tests::text_lines(30));
  const Dataset data = Dataset::open(folder.path(), tests::tiny_encoder());
  const auto source = data.valid_batches({.batch_size = 4, .seed = 3, .window_batches = 2});
  EXPECT_EQ(source->batches_per_epoch(), 8);
  const auto first = epoch_of(*source), second = epoch_of(*source);
  ASSERT_EQ(first.size(), 8u);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].tokens, second[i].tokens);
  EXPECT_EQ(rows_in(first, data.encoder()), all_rows(30));
}

TEST(Packing, FitsFirstDecreasing) {
  // 7 | 6 and 4 | 5, 3 and 2 | capacity 10; 3 fits behind 7 first.
  const size_t lengths[] = {4, 7, 3, 5, 6, 2};
  EXPECT_THAT(fit_into_rows(lengths, 10),
              ElementsAre(ElementsAre(1, 2), ElementsAre(0, 4), ElementsAre(3, 5)));
  EXPECT_TRUE(fit_into_rows({}, 10).empty());
}

TEST(Packing, SequencesStandWholeInRowsOfTheLimit) {
  const ModelFolder folder;
  const Dataset data = texts(folder, 70, {.max_seq_length = 64});
  const auto source = data.train_batches({.batch_size = 4, .seed = 2, .packs = true});
  EXPECT_EQ(source->batches_per_epoch(), std::nullopt);
  EXPECT_EQ(source->largest_batch(), std::pair(1, 64));
  const auto batches = epoch_of(*source);
  int64_t filled = 0;
  for (const Batch& batch : batches) {
    EXPECT_TRUE(batch.packed);
    EXPECT_EQ(batch.rows, 1);
    EXPECT_LE(batch.columns, 64);
    EXPECT_EQ(std::accumulate(batch.lengths.begin(), batch.lengths.end(), 0), batch.columns);
    size_t at = 0;
    for (const int length : batch.lengths) {
      EXPECT_EQ(batch.supervised[at], 0) << "a sequence's first token follows from nothing";
      EXPECT_EQ(std::accumulate(&batch.supervised[at], &batch.supervised[at] + length, 0),
                length - 1);
      at += size_t(length);
    }
    filled += batch.columns;
  }
  EXPECT_EQ(rows_in(batches, data.encoder()), all_rows(70));
  EXPECT_GT(double(filled) / double(64 * batches.size()), 0.9);
}

TEST(Preferences, ChosenAnswersComeFirst) {
  const ModelFolder folder;
  folder.write("pairs.jsonl", R"({"prompt":"ab","chosen":"yes","rejected":"no"})"
                              "\n"
                              R"({"prompt":"cd","chosen":"c","rejected":"rrrrrrr"})");
  const Dataset data =
      Dataset::open(folder.path() / "pairs.jsonl", tests::tiny_encoder(), {.valid_fraction = 0});
  EXPECT_EQ(data.train().report.kind, RowKind::preference);
  const auto source = data.train_batches({.batch_size = 2});
  EXPECT_EQ(source->largest_batch().first, 4);
  const Batch batch = source->next();
  EXPECT_TRUE(batch.has_pairs);
  ASSERT_EQ(batch.rows, 4);
  EXPECT_THAT(tests::texts_of(batch, data.encoder()),
              ElementsAre("abyes", "cdc", "abno", "cdrrrrrrr"));
  // <|user|>ab<|end|><|assistant|> yes<|end|>: of the answers what the assistant says.
  EXPECT_EQ(batch.supervised_tokens(), (3 + 1) + (1 + 1) + (2 + 1) + (7 + 1));
  EXPECT_THROW(data.train_batches({.packs = true}), ModelError);
}

}  // namespace
}  // namespace quern::models
