#include "run/software.hpp"

#include <gtest/gtest.h>

using namespace pgaf;

TEST(Software, IsToldByThePrograms) {
    EXPECT_EQ(postgres_version_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), "15.18");
    EXPECT_EQ(postgres_version_in("postgres (PostgreSQL) 18beta1"), "18beta1");
    EXPECT_EQ(extension_version_in("pg_autoctl version 2.2-2\npg_autoctl extension version 2.2\n"
                                   "compiled with PostgreSQL 17.4\n"),
              "2.2");
}

TEST(Software, OfAProgramThatSaysSomethingElseIsNotKnown) {
    EXPECT_EQ(postgres_version_in(""), "");
    EXPECT_EQ(postgres_version_in("error while loading shared libraries: libicuuc.so.72"), "");
    EXPECT_EQ(extension_version_in("pg_autoctl version 1.4"), "");
}
