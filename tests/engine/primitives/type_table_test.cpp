#include "engine/primitives/type_table.h"

#include <gtest/gtest.h>

#include <utility>

namespace quern {
namespace {

template <size_t>
struct Type {};

TEST(TypeTable, FindsEachTypesValueAndNoOther) {
  TypeTable<size_t> table;
  [&]<size_t... k>(std::index_sequence<k...>) {
    ((table[typeid(Type<k>)] = k), ...);
    EXPECT_EQ(table.size(), sizeof...(k));
    ((table[typeid(Type<k>)] += 1), ...);
    EXPECT_TRUE(((*table.find(typeid(Type<k>)) == k + 1) && ...));
  }
  (std::make_index_sequence<100>());
  EXPECT_EQ(table.size(), 100u);
  EXPECT_EQ(table.find(typeid(Type<100>)), nullptr);
  size_t sum = 0;
  table.for_each([&](const std::type_info&, size_t value) { sum += value; });
  EXPECT_EQ(sum, 5050u);
}

}  // namespace
}  // namespace quern
