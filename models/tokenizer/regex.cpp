#define PCRE2_CODE_UNIT_WIDTH 8
#include "models/tokenizer/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <new>
#include <optional>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/oniguruma.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

/// What a search writes to. One for each thread: making one costs more than a typical search.
struct Workspace {
  Workspace()
      : match(pcre2_match_data_create(1, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(32 * 1024, 8 * 1024 * 1024, nullptr)) {
    if (!match || !context || !stack) {
      release();
      throw std::bad_alloc();
    }
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~Workspace() { release(); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  void release() {
    pcre2_match_data_free(match);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }

  pcre2_match_data* match;
  pcre2_match_context* context;
  pcre2_jit_stack* stack;
};

std::string error_text(int code) {
  std::array<PCRE2_UCHAR, 160> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

}  // namespace

void Regex::Free::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Regex::Regex(const std::string& oniguruma_pattern) : pattern_(oniguruma_pattern) {
  std::string pattern = pcre2_pattern(oniguruma_pattern);
  std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  if (!context) throw std::bad_alloc();
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE place = 0;
  // Oniguruma's ^ and $ always match at line ends.
  code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                            PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &place,
                            context.get()));
  if (!code_) {
    throw FormatError(fmt::format("the regular expression {} does not compile: {} (at byte {})",
                                  in_quotes(pattern_), error_text(error), place),
                      "Choose another model: this one's tokenizer uses an expression that cannot "
                      "be read.");
  }
  just_in_time_ = pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE) == 0;
}

void Regex::find_all(std::string_view text, std::vector<Span>& spans) const {
  thread_local Workspace workspace;
  spans.clear();
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const PCRE2_SIZE* place = pcre2_get_ovector_pointer(workspace.match);
  size_t covered = 0;  // by the spans so far
  size_t start = 0;
  std::optional<size_t> last_match_end;
  while (start <= text.size()) {
    int result = just_in_time_
                     ? pcre2_jit_match(code_.get(), subject, text.size(), start, PCRE2_NO_UTF_CHECK,
                                       workspace.match, workspace.context)
                     : pcre2_match(code_.get(), subject, text.size(), start, PCRE2_NO_UTF_CHECK,
                                   workspace.match, workspace.context);
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) {
      throw FormatError(fmt::format("the regular expression {} gave up at byte {} of {}: {}",
                                    in_quotes(pattern_), start, text.size(), error_text(result)),
                        "Split the text into shorter lines.");
    }
    size_t begin = place[0];
    size_t end = place[1];
    bool empty = begin >= end;
    if (empty && last_match_end == end) {
      // An empty match right behind the last one is none; the search goes on one character later.
      if (start >= text.size()) break;
      start += utf8_length(text[start]);
      continue;
    }
    if (begin > covered) spans.push_back({covered, begin, false});
    spans.push_back({begin, end, true});
    covered = start = end;
    last_match_end = end;
  }
  if (covered < text.size()) spans.push_back({covered, text.size(), false});
}

}  // namespace quern::models
