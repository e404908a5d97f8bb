#include "tests/engine/io/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <random>
#include <sstream>

#include "engine/memory/memory.h"

namespace quern::tests {

array array_of(const std::vector<double>& values, Shape shape, Dtype dtype) {
  return array(values.begin(), std::move(shape), dtype);
}

std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

void write_file(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(
      path);  // a file that is cut to nothing is flushed to disk when it is closed
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

namespace {

std::string damaged(std::string bytes, std::mt19937& random) {
  for (unsigned times = 1 + random() % 3; times > 0; --times) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (bytes.empty() ? 4 : random() % 6) {
      case 0:
        bytes[at] = char(random());
        break;
      case 1:
        bytes[at] ^= char(1 << random() % 8);
        break;
      case 2:
        bytes[at] = char(0xff);
        break;
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.insert(at, 1 + random() % 16, char(random()));
        break;
      default:
        bytes.erase(at, 1 + random() % 8);
    }
  }
  return bytes;
}

}  // namespace

void expect_survives_damage(const std::string& path, const std::string& good,
                            const std::function<void()>& load) {
  constexpr size_t enough = size_t(64) << 20;
  std::mt19937 random(20240611);
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    write_file(path, damaged(good, random));
    reset_peak_memory();
    const size_t before = get_peak_memory();
    try {
      load();
    } catch (const std::exception& e) {
      ++refused;
      EXPECT_STRNE(e.what(), "");
    } catch (...) {
      FAIL() << "damage " << i << " throws what is no std::exception";
    }
    ASSERT_LT(get_peak_memory() - before, enough) << "damage " << i;
  }
  EXPECT_GT(refused, 100);
}

void expect_full_disk_leaves(const std::string& path, const std::function<void()>& save) {
  const std::string old = read_file(path);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = before;
  limit.rlim_cur = 16;
  setrlimit(RLIMIT_FSIZE, &limit);
  const std::string error = error_of(save);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(error,
              testing::AllOf(testing::HasSubstr(path), testing::HasSubstr("File too large")));
  EXPECT_EQ(read_file(path), old);
  const auto folder = std::filesystem::path(path).parent_path();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

}  // namespace quern::tests
