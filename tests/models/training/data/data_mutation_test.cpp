#include <algorithm>
#include <random>

#include "tests/models/training/data/data_cases.h"

namespace quern::models {
namespace {

using tests::ModelFolder;

/// A byte changed, a stretch removed, doubled or moved, or the end cut off.
std::string damaged(std::string bytes, std::mt19937& random) {
  const auto below = [&](size_t bound) { return random() % std::max<size_t>(bound, 1); };
  for (size_t changes = 1 + below(3); changes > 0 && !bytes.empty(); --changes) {
    const size_t at = below(bytes.size()), length = below(40);
    constexpr char telling[] = "\"{}[],:\\\n\r\t\xFF\0;ax";
    switch (below(5)) {
      case 0:
        bytes[at] = telling[below(sizeof(telling) - 1)];
        break;
      case 1:
        bytes.erase(at, length);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 3:
        bytes.insert(below(bytes.size()), bytes.substr(at, length));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

TEST(DataMutation, DamagedFilesGiveErrorsOrRows) {
  const std::string files[] = {
      tests::text_lines(6),
      R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b\n\"c\""}]})"
      "\n"
      R"({"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]})",
      R"([{"prompt":"a","chosen":"b","rejected":"c"},
{"prompt":[{"role":"user","content":"a"}],"chosen":"b","rejected":"c"}])",
      "prompt,completion,tools\n\"a, \"\"b\"\"\",\"c\nd\",[]\ne,f,\n",
      "One\ntwo.\n\nthree\n\n\nfour",
      "{\n \"instruction\": \"a\",\n \"output\": \"b\"\n}\n{\n \"instruction\": \"c\"\n}\n"};
  const auto encoder = tests::tiny_encoder({.max_seq_length = 40});
  const ModelFolder folder;
  std::mt19937 random(1);
  int64_t good = 0, bad = 0, refused = 0;
  for (int round = 0; round < 60; ++round) {
    for (const std::string& file : files) {
      folder.write("a.txt", damaged(file, random));
      try {
        const Dataset data = Dataset::open(folder.path() / "a.txt", encoder);
        const DataReport& report = data.train().report;
        EXPECT_EQ(report.good + report.bad + report.left_out, report.rows);
        good += report.good;
        bad += report.bad;
        const auto source = data.train_batches({});
        int64_t rows = 0;
        while (source->position().epoch == 0) rows += int64_t(source->next().lengths.size());
        const int64_t held_out = data.valid() ? int64_t(data.valid()->rows->size()) : 0;
        const int64_t each = report.kind == RowKind::preference ? 2 : 1;
        EXPECT_EQ(rows, each * (report.good - held_out));
      } catch (const ModelError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(good, 200);
  EXPECT_GT(bad, 30);
  EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace quern::models
