#include "app/cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <new>
#include <system_error>

#include "engine/memory/buffer.h"
#include "models/error.h"

namespace quern::cli {

namespace {

struct Reason {
  std::string why;
  std::string advice;
};

Reason reason_of(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const models::ModelError*>(&exception)) {
    return {error->what(), error->advice()};
  }
  if (dynamic_cast<const OutOfMemory*>(&exception) ||
      dynamic_cast<const std::bad_alloc*>(&exception)) {
    return {fmt::format("there is not enough memory ({})", exception.what()),
            "Close other programs, choose a smaller model or a shorter context."};
  }
  return {exception.what(), {}};
}

}  // namespace

void Output::object(const nlohmann::ordered_json& value) {
  // Paths need not be UTF-8.
  write(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void Output::text(std::string_view text) {
  if (!json_) write(text);
}

void Output::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw std::system_error(errno, std::generic_category(), "standard output");
  }
}

void Output::progress(std::string_view text) {
  if (!isatty(STDERR_FILENO)) return;
  fmt::print(stderr, "\r\x1b[K{}", text);
  std::fflush(stderr);
  progress_shown_ = true;
}

void Output::end_progress() {
  if (!progress_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  progress_shown_ = false;
}

void Output::error(std::string_view what, const std::exception& exception) {
  end_progress();
  const Reason reason = reason_of(exception);
  if (json_) {
    object({{"error", {{"what", what}, {"why", reason.why}, {"do", reason.advice}}}});
  } else {
    fmt::print(stderr, "quern-cli: {}: {}{}{}\n", what, reason.why,
               reason.advice.empty() ? "" : "; ", reason.advice);
  }
}

}  // namespace quern::cli
