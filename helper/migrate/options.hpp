#pragma once

#include <filesystem>
#include <string>

namespace pgaf {

struct MigrateOptions {
    std::string from;             // the old cluster, as a connection string
    std::filesystem::path dumps;  // the directory for the dumps; empty: beside PGDATA
    int jobs = 2;                 // of pg_dump and pg_restore
    bool refuse_writes = false;   // on the old cluster, from before the copy
    bool give_back_writes = false;
    bool restart = false;  // fill the new cluster again
};

}  // namespace pgaf
