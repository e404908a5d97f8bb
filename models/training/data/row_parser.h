#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/training/data/record_scanner.h"
#include "models/training/data/row.h"

namespace quern::models {

/// Names under which a data set holds what is trained on. Besides these are understood: ShareGPT's
/// `conversations` of `from` and `value`, Alpaca's `instruction`, `input` and `output`, and with
/// any conversation its instructions as `system`.
struct FeatureNames {
  std::string messages = "messages";
  std::string tools = "tools";
  std::string prompt = "prompt";
  std::string completion = "completion";
  std::string text = "text";
  std::string chosen = "chosen";
  std::string rejected = "rejected";

  /// Columns by which a CSV header is known.
  std::vector<std::string> columns() const;
};

/// Records to rows: what a record holds is checked here, and trusted afterwards. Immutable; any
/// thread may call it.
class RowParser {
 public:
  RowParser(DataLayout layout, FeatureNames features);

  /// A row of the kind that its members tell. Throws RowError: not UTF-8, broken JSON or CSV,
  /// members missing or of the wrong type, nothing in them, unknown roles, a conversation without
  /// an answer or with one before any question.
  Row parse(const Record& record) const;

 private:
  nlohmann::ordered_json object_of(const Record& record) const;
  Row row_of(const nlohmann::ordered_json& object) const;

  DataLayout layout_;
  FeatureNames features_;
};

}  // namespace quern::models
