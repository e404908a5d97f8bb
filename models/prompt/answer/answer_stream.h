#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/prompt/answer/answer_parser.h"

namespace quern::models {

/// An AnswerParser's work, which depends on the kind of its format.
class AnswerParser::Stream {
 public:
  virtual ~Stream() = default;
  virtual void add(std::string_view piece, std::vector<AnswerEvent>& events) = 0;
  virtual void finish(std::vector<AnswerEvent>& events) = 0;
};

std::unique_ptr<AnswerParser::Stream> make_marked_stream(const AnswerFormat& format,
                                                         AnswerParser::Options options);
std::unique_ptr<AnswerParser::Stream> make_harmony_stream();

/// One stretch of text: leaves out the white space at its beginning and end where a marker stands
/// there.
class TextSection {
 public:
  /// after_marker: a marker stands before it.
  void begin(AnswerEvent::Kind kind, bool after_marker);
  void add(std::string_view text, std::vector<AnswerEvent>& events);
  /// before_marker: a marker follows it.
  void end(bool before_marker, std::vector<AnswerEvent>& events);

  /// Whether it has had more than white space so far.
  bool has_text() const { return has_text_; }

 private:
  AnswerEvent::Kind kind_ = AnswerEvent::Kind::content;
  bool after_marker_ = false;
  bool has_text_ = false;
  std::string held_;  ///< white space
};

/// Where the first of the markers stands in the text, and which; none of them is empty.
struct MarkerMatch {
  size_t begin = std::string_view::npos;
  size_t marker = 0;
};
MarkerMatch find_first_marker(std::string_view text, const std::vector<std::string_view>& markers);

/// The length of the longest end of the text that begins a marker without being one.
size_t length_to_hold(std::string_view text, const std::vector<std::string_view>& markers);

/// Adds what `read` makes of a call's body, or the whole text as a malformed call.
void add_calls(const CallFormat& format, std::string_view body, std::string_view whole,
               const ToolSchemas& tools, std::vector<AnswerEvent>& events);

}  // namespace quern::models
