#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// Finds the first of some texts in text that comes in pieces, and holds back what could still
/// become one. Where the pieces are cut makes no difference to the text that comes out.
///
/// Pieces are whole UTF-8 characters, and so is what comes out. For one thread.
class StopMatcher {
 public:
  /// Empty texts are ignored.
  explicit StopMatcher(std::vector<std::string> stop_texts);

  /// Returns what can be shown now. After a match that is what stood before it, and then nothing.
  std::string add(std::string_view piece);

  /// Returns what was held back: no more text comes.
  std::string finish();

  bool stopped() const { return stopped_; }

 private:
  /// Of the matches the one that ends first, and of those the longest; npos when there is none.
  size_t find_match() const;
  /// Length of the longest end of the text that a stop text begins with.
  size_t length_to_hold() const;

  std::vector<std::string> stop_texts_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace quern::models
