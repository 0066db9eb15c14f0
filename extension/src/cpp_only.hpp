// Included last by every source of the extension that must not see PostgreSQL's headers: their
// macros and their longjmp stay in src/pg.
#ifdef PG_VERSION_NUM
#error "this file must not include PostgreSQL's headers: what needs them belongs to src/pg"
#endif
