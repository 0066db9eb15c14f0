#include "seed/relation_file.hpp"

#include <gtest/gtest.h>

namespace pgaf {
namespace {

struct Case {
    const char *path;
    const char *relation;
    Fork fork;
    std::uint32_t segment;
};

TEST(RelationFile, IsKnownByItsPath) {
    for (const auto &[path, relation, fork, segment] :
         {Case{"base/5/16384", "base/5/16384", Fork::Main, 0}, Case{"base/5/16384.12", "base/5/16384", Fork::Main, 12},
          Case{"base/5/16384_vm", "base/5/16384", Fork::VisibilityMap, 0},
          Case{"base/5/16384_fsm.1", "base/5/16384", Fork::FreeSpaceMap, 1},
          Case{"base/5/16384_init", "base/5/16384", Fork::Init, 0},
          Case{"pg_tblspc/16401/PG_17_202406281/5/16384", "pg_tblspc/16401/PG_17_202406281/5/16384", Fork::Main, 0}}) {
        const auto file = parse_relation_file(path);
        ASSERT_TRUE(file) << path;
        EXPECT_EQ(file->relation, relation) << path;
        EXPECT_EQ(file->fork, fork) << path;
        EXPECT_EQ(file->segment, segment) << path;
    }
}

TEST(RelationFile, IsNoOtherFile) {
    for (const auto *path :
         {"PG_VERSION", "base/5/PG_VERSION", "base/5/pg_filenode.map", "base/5/t3_16384", "base/5/16384.x",
          "base/5/_vm", "global/1262", "pg_wal/000000010000000000000001", "base/pgsql_tmp/16384", "16384"}) {
        EXPECT_FALSE(parse_relation_file(path)) << path;
    }
}

}  // namespace
}  // namespace pgaf
