#include "base/registry.h"

#include <gtest/gtest.h>

#include <array>

#include "base/error.h"

namespace elman {

struct Fruit {
  std::string_view name;
  int weight;
};

constexpr const Fruit* kFruits[] = {
    ELMAN_ENTRY(Fruit, kApple),
    ELMAN_ENTRY(Fruit, kCherry),
};

extern const Fruit kApple = {"apple", 150};
extern const Fruit kCherry = {"cherry", 8};

namespace {

const Fruit& find_fruit(std::string_view name) { return *find_named(kFruits, &Fruit::name, name, "fruit", "fruits"); }

TEST(Registry, FindsEntriesByName) {
  EXPECT_EQ(&find_fruit("apple"), &kApple);
  EXPECT_EQ(find_fruit("cherry").weight, 8);
}

TEST(Registry, FindsPlainNamesByThePlaceTheyHave) {
  constexpr std::array<std::string_view, 3> kNames = {"constant", "cosine", "step"};
  EXPECT_EQ(&find_named(kNames, std::identity(), "step", "schedule", "schedules"), &kNames[2]);
}

TEST(Registry, AnUnknownNameIsAnsweredWithTheNearestAndAll) {
  const std::pair<const char*, const char*> cases[] = {
      {"chery", "no fruit 'chery'; did you mean 'cherry'? fruits: apple, cherry"},
      {"plum", "no fruit 'plum'; fruits: apple, cherry"},
  };
  for (const auto& [name, message] : cases) {
    try {
      find_fruit(name);
      ADD_FAILURE() << name << " was found";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      EXPECT_STREQ(error.what(), message);
    }
  }
}

}  // namespace
}  // namespace elman
