#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace quern::tests {

/// Data that lives in this repository: tests/data.
inline std::filesystem::path data_folder() { return QUERN_TEST_DATA; }

/// Answers computed by independent implementations. They live outside the repository: in the folder
/// that the environment variable QUERN_FIXTURES names, else in shared/fixtures beside the checkout.
/// The result may not exist; a test that needs it then reports itself as skipped, by name.
inline std::filesystem::path fixtures_folder() {
  if (const char* named = std::getenv("QUERN_FIXTURES")) return named;
  return data_folder() / ".." / ".." / ".." / "shared" / "fixtures";
}

}  // namespace quern::tests

/// First statement of a test that reads fixtures_folder() / NAME.
#define QUERN_NEEDS_FIXTURES(name)                                                   \
  if (!std::filesystem::exists(quern::tests::fixtures_folder() / (name)))            \
  GTEST_SKIP() << "FIXTURES MISSING: " << (quern::tests::fixtures_folder() / (name)) \
               << "; set QUERN_FIXTURES to the folder that holds them"
