#include "models/training/data/dataset.h"

#include <algorithm>
#include <set>

#include "models/training/data/held_out.h"
#include "tests/models/training/data/data_cases.h"

namespace quern::models {
namespace {

using tests::expect_error;
using tests::ModelFolder;

std::set<std::string> texts_in(const Dataset::Part& part) {
  std::set<std::string> out;
  for (size_t i = 0; i < part.rows->size(); ++i) out.insert(part.rows->read(i).text);
  return out;
}

TEST(Dataset, FolderHoldsThreeFiles) {
  const ModelFolder folder;
  folder.write("train.jsonl", tests::text_lines(5));
  folder.write("valid.csv", "text\nab\n");
  folder.write("test.json", "[{\"text\":\"cd\"}]");
  const Dataset data = Dataset::open(folder.path(), tests::tiny_encoder());
  EXPECT_EQ(data.train().rows->size(), 5u);
  EXPECT_EQ(texts_in(*data.valid()), std::set<std::string>{"ab"});
  EXPECT_EQ(texts_in(*data.test()), std::set<std::string>{"cd"});
  EXPECT_EQ(data.test_batches({})->next().rows, 1);
}

TEST(Dataset, FilesMustBeOfOneKind) {
  const ModelFolder folder;
  folder.write("train.jsonl", tests::text_lines(5));
  folder.write("valid.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}");
  expect_error([&] { Dataset::open(folder.path(), tests::tiny_encoder()); },
               {"a row of completions among rows of text"});
}

TEST(Dataset, FolderWithOneFileOrNone) {
  const ModelFolder folder;
  expect_error([&] { Dataset::open(folder.path(), nullptr); }, {"no data set in this folder"});
  folder.write("README.md", "Rows.");
  folder.write("querns.jsonl", tests::text_lines(5));
  EXPECT_EQ(find_data_files(folder.path()).train, folder.path() / "querns.jsonl");
  folder.write("more.jsonl", tests::text_lines(5));
  expect_error([&] { find_data_files(folder.path()); }, {"no data set in this folder"});
}

TEST(Dataset, HoldsRowsOut) {
  const ModelFolder folder;
  folder.write("a.jsonl", tests::text_lines(200));
  const Dataset data = Dataset::open(folder.path() / "a.jsonl", tests::tiny_encoder());
  const Dataset again = Dataset::open(folder.path() / "a.jsonl", tests::tiny_encoder());
  const Dataset other =
      Dataset::open(folder.path() / "a.jsonl", tests::tiny_encoder(), {.seed = 1});
  EXPECT_EQ(data.train().rows->size(), 180u);
  EXPECT_EQ(data.valid()->rows->size(), 20u);
  EXPECT_EQ(texts_in(*data.valid()), texts_in(*again.valid()));
  EXPECT_NE(texts_in(*data.valid()), texts_in(*other.valid()));
  std::set<std::string> all = texts_in(data.train());
  all.merge(texts_in(*data.valid()));
  EXPECT_EQ(all.size(), 200u);
}

TEST(Dataset, FingerprintTellsRowsAndTheirOrder) {
  const ModelFolder folder;
  const auto fingerprint = [&](const std::string& bytes) {
    folder.write("a.jsonl", bytes);
    return Dataset::open(folder.path() / "a.jsonl", nullptr).train().fingerprint;
  };
  const std::string a = "{\"text\":\"a\"}\n", b = "{\"text\":\"b\"}\n";
  const uint64_t both = fingerprint(a + b);
  EXPECT_EQ(fingerprint(a + "\n" + b), both);
  EXPECT_NE(fingerprint(b + a), both);
  EXPECT_NE(fingerprint(a), both);
  EXPECT_NE(fingerprint(a + b + b), both);
}

TEST(HeldOut, AtLeastOneAndAtMostSoMany) {
  std::vector<uint64_t> hashes(10000);
  for (size_t i = 0; i < hashes.size(); ++i) hashes[i] = i * 1000003;
  const auto count = [](const std::vector<bool>& chosen) {
    return std::count(chosen.begin(), chosen.end(), true);
  };
  const std::span<const uint64_t> all(hashes);
  EXPECT_EQ(count(choose_held_out(all, 0.1, 500, 0)), 500);
  EXPECT_EQ(count(choose_held_out(all, 0.02, 500, 0)), 200);
  EXPECT_EQ(count(choose_held_out(all.first(3), 0.1, 500, 0)), 1);
  EXPECT_EQ(count(choose_held_out(all.first(3), 1.0, 500, 0)), 2) << "some row is trained on";
  EXPECT_EQ(count(choose_held_out(all.first(1), 0.5, 500, 0)), 0);
  EXPECT_EQ(count(choose_held_out(all, 0, 500, 0)), 0);
}

TEST(HeldOut, RowsThatAreAlikeStayTogether) {
  // Each text three times, one of them a hundred times.
  std::vector<uint64_t> hashes(100, 77);
  for (uint64_t i = 0; i < 300; ++i) hashes.push_back(1000 + i / 3);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto chosen = choose_held_out(hashes, 0.1, 500, seed);
    std::set<uint64_t> held_out, rest;
    for (size_t i = 0; i < hashes.size(); ++i) (chosen[i] ? held_out : rest).insert(hashes[i]);
    for (const uint64_t hash : held_out) EXPECT_FALSE(rest.contains(hash));
    EXPECT_EQ(held_out.size(), 13u) << "39 of 400 rows";
    EXPECT_FALSE(held_out.contains(77));
  }
  const std::vector<uint64_t> alike(8, 5);
  const auto none = choose_held_out(alike, 0.5, 500, 0);
  EXPECT_EQ(std::count(none.begin(), none.end(), true), 0);
}

TEST(Dataset, AChangedFileIsNoticed) {
  const ModelFolder folder;
  folder.write("a.jsonl", tests::text_lines(20));
  const Dataset data =
      Dataset::open(folder.path() / "a.jsonl", tests::tiny_encoder(), {.valid_fraction = 0});
  const auto source = data.train_batches({});
  folder.write("a.jsonl", "{}");
  expect_error([&] { source->next(); }, {"ends before byte"});
}

}  // namespace
}  // namespace quern::models
