#include "engine/transforms/export.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "engine/graph/eval.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/compile.h"
#include "engine/transforms/transforms.h"

namespace quern::tests {
namespace {

class ExportTest : public ::testing::Test {
 protected:
  ExportTest() { std::filesystem::create_directories(folder_); }
  ~ExportTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      ("quern_export_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
       ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

bool same(const array& a, const array& b) { return array_equal(a, b).item<bool>(); }

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Uses parameters of several kinds, constants, several outputs and random numbers.
Arrays model(const Args& in) {
  const array weight = random::normal({4, 3}, float32, random::key(3));
  const array h = matmul(in[0], weight);
  const Arrays halves = split(h, Shape{1}, 1);
  return {sum(exp(h), std::vector<int>{0}), concatenate({halves[1], halves[0]}, 1),
          slice(h, {0, 0}, {2, 3}, {1, 2})};
}

TEST_F(ExportTest, ComesBackAsItWas) {
  const array x = random::normal({2, 4});
  const auto fun = [](const Args& in) { return model(in); };
  export_function(path("f.qfn"), fun, {x}, false, "made by a test");
  const ImportedFunction imported = import_function(path("f.qfn"));
  EXPECT_EQ(imported.metadata(), "made by a test");
  const Arrays got = imported({x}), want = model({x});
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_TRUE(same(got[i], want[i])) << i;
}

TEST_F(ExportTest, ByNameAndByPosition) {
  const auto fun = [](const Args& in, const Kwargs& named) {
    return Arrays{subtract(in[0], multiply(named.at("a"), named.at("b")))};
  };
  const array x(7.0f), a(2.0f), b(3.0f);
  export_function(path("f.qfn"), fun, {x}, {{"b", b}, {"a", a}});
  const ImportedFunction imported = import_function(path("f.qfn"));
  EXPECT_EQ(imported({x}, {{"a", a}, {"b", b}})[0].item<float>(), 1.0f);
  EXPECT_THROW(imported({x}), std::invalid_argument);
  EXPECT_THROW(imported({x}, {{"a", a}, {"c", b}}), std::invalid_argument);
}

TEST_F(ExportTest, OneFileForSeveralShapes) {
  auto out = exporter(path("f.qfn"), [](const Args& in) { return Arrays{sum(in[0])}; });
  out({ones({2})});
  out({ones({3})});
  out.close();
  EXPECT_THROW(out({ones({4})}), std::invalid_argument);
  const ImportedFunction imported = import_function(path("f.qfn"));
  EXPECT_EQ(imported({ones({3})})[0].item<float>(), 3.0f);
  try {
    imported({ones({4})});
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("float32 (4)"), std::string::npos) << e.what();
  }
}

TEST_F(ExportTest, Shapeless) {
  const auto fun = [](const Args& in) { return Arrays{sum(exp(in[0]), 0)}; };
  export_function(path("f.qfn"), fun, {ones({2, 3})}, true);
  const ImportedFunction imported = import_function(path("f.qfn"));
  const array x = random::normal({5, 7});
  EXPECT_TRUE(same(imported({x})[0], sum(exp(x), 0)));
  EXPECT_THROW(imported({ones({2})}), std::invalid_argument);
}

TEST_F(ExportTest, ImportedFunctionsTransform) {
  const auto fun = [](const Args& in) { return Arrays{sum(sin(in[0]))}; };
  export_function(path("f.qfn"), fun, {ones({3})});
  const ImportedFunction imported = import_function(path("f.qfn"));
  const array x = random::normal({3});
  const auto gradient = grad([&](const array& a) { return imported({a})[0]; });
  EXPECT_TRUE(allclose(gradient(x), cos(x)).item<bool>());
  const auto compiled = compile([&](const Arrays& in) { return imported(in); });
  EXPECT_TRUE(same(compiled({x})[0], fun({x})[0]));
}

TEST_F(ExportTest, GradientsAndCustomFunctionsCanBeWritten) {
  const auto twice = custom_vjp([](const Arrays& in) { return Arrays{add(in[0], in[0])}; },
                                [](const Arrays&, const Arrays& cotangents, const Arrays&) {
                                  return Arrays{multiply(cotangents[0], array(5.0f))};
                                });
  const auto fun = [&](const Args& in) {
    return grad([&](const Arrays& a) { return sum(exp(twice(a)[0])); })(in);
  };
  const array x = random::normal({3});
  export_function(path("f.qfn"), fun, {x});
  EXPECT_TRUE(same(import_function(path("f.qfn"))({x})[0], fun({x})[0]));
}

TEST_F(ExportTest, WhatIsNoSuchFileIsSaid) {
  write(path("short"), "QUERN");
  write(path("other"), std::string(100, 'x'));
  for (const char* name : {"short", "other", "missing"}) {
    try {
      import_function(path(name));
      FAIL() << name;
    } catch (const std::runtime_error& e) {
      EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
    }
  }
}

TEST_F(ExportTest, DamageIsNoticed) {
  export_function(path("f.qfn"), [](const Args& in) { return model(in); }, {ones({2, 4})});
  const std::string good = contents(path("f.qfn"));
  std::mt19937 random(11);
  for (int i = 0; i < 1000; ++i) {
    std::string bad = good;
    const size_t at = random() % bad.size();
    switch (random() % 3) {
      case 0:
        bad[at] = char(bad[at] ^ (1 << random() % 8));
        break;
      case 1:
        bad.resize(at);
        break;
      default:
        bad.insert(at, 1 + random() % 9, char(random()));
    }
    write(path("bad.qfn"), bad);
    EXPECT_THROW(import_function(path("bad.qfn")), std::runtime_error) << i;
  }
}

}  // namespace
}  // namespace quern::tests
