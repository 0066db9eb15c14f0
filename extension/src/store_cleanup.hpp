#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/functions.hpp"

// The queries about what finished runs have left. Times are in PostgreSQL's text form.
namespace pgaf::store {

// A node of the newest finished run that it took part in.
struct OldCluster {
    std::int64_t runid = 0;
    std::int64_t nodeid = 0;
    std::string node;
    std::string formation;
    std::string source_version;
    std::string target_version;
    std::string method;
    std::string finished_at;
    bool is_young = true;  // the new cluster
    std::string age;       // in words
    Text old_sysidentifier;
    Text new_sysidentifier;
    Text backup;     // the newest verified one of the new cluster
    Text unsettled;  // nodes of its group that are not in a stable state, in words; for the monitor of all groups
    bool is_known = false;  // to pg_auto_failover
    Text begun_at;
    Text removed_at;
    Text removed_by;
    Text freed_bytes;
    Text removed;  // a list, as JSON
};
std::vector<OldCluster> old_clusters(int older_than_days);

std::optional<std::int64_t> open_run();  // any
Text node_kept_old();                    // of any run, and not released: its name and the run
// A node of the run whose removal has begun; null where there is none.
Text cleaned_up_node(std::int64_t runid);

std::string begin_cleanup(std::int64_t runid, std::int64_t nodeid);  // returns when it first began
bool has_begun_cleanup(std::int64_t runid, std::int64_t nodeid);
// False where all of it was recorded already.
bool add_to_cleanup(std::int64_t runid, std::int64_t nodeid, const std::string &result);
std::string removed_in_words(const std::string &result);

}  // namespace pgaf::store
