"""What an upgrade costs without pg_auto_failover and without care, to compare with."""
from application import Writer
from hosts import NEW_BINDIR, OLD_BINDIR

PORT = 6543
# The same data and the same hardware: a copy of the primary made a server of its own, stopped, upgraded and started.
SETTINGS = """
set -euo pipefail
old=@OLD@ new=@NEW@ top=/var/tmp/bare port=@BARE_PORT@
"""
PREPARE = """
rm -rf $top; mkdir -m 700 $top
cd $top
$old/pg_basebackup -p @PORT@ -D $top/old -X stream -c fast >$top/log 2>&1
printf "port = $port\\nlisten_addresses = '*'\\nunix_socket_directories = '$top'\\nssl = off\\n" >$top/settings
printf "synchronous_standby_names = ''\\nshared_buffers = '128MB'\\n" >>$top/settings
printf 'local all all trust\\nhost all app all scram-sha-256\\n' >$top/old/pg_hba.conf
cp $top/settings $top/old/postgresql.conf
: >$top/old/postgresql.auto.conf
rm -f $top/old/standby.signal $top/old/recovery.signal
$old/pg_ctl -D $top/old -w -l $top/log start >/dev/null
$new/psql -X -h $top -p $port -d postgres -qc CHECKPOINT
$new/initdb -D $top/new -U postgres -A trust @INITDB@ >$top/log 2>&1
cp $top/old/pg_hba.conf $top/new/pg_hba.conf
cat $top/settings >>$top/new/postgresql.conf
"""
UPGRADE = """
cd $top
$old/pg_ctl -D $top/old -w -m fast stop >/dev/null
$new/pg_upgrade --link -b $old -B $new -d $top/old -D $top/new -s $top -U postgres -p $port -P $port >$top/log 2>&1 ||
    { cat $top/log >&2; exit 1; }
$new/pg_ctl -D $top/new -w -l $top/log start >/dev/null
"""
REMOVE = """
$old/pg_ctl -D $top/old stop -m immediate >/dev/null 2>&1 || true
$new/pg_ctl -D $top/new stop -m immediate >/dev/null 2>&1 || true
rm -rf $top
"""


def bare_upgrade(lab, host):
    """Seconds in which an application sees its writes refused by `stop; pg_upgrade --link; start` of a copy of the
    primary on host. The table of the writer has to be there, and empty."""
    initdb = "--data-checksums" if lab.psql(host, "SHOW data_checksums") == "on" else ""
    collation = lab.psql(host, "SELECT datcollate || ' ' || pg_encoding_to_char(encoding) FROM pg_database WHERE "
                               "datname = 'template0'")
    locale, encoding = collation.split()
    words = {"@OLD@": OLD_BINDIR, "@NEW@": NEW_BINDIR, "@PORT@": str(lab.port), "@BARE_PORT@": str(PORT),
             "@INITDB@": f"{initdb} --locale={locale} --encoding={encoding}"}

    def carry_out(text):
        text = SETTINGS + text
        for name, value in words.items():
            text = text.replace(name, value)
        lab.pg(host, "bash -s", input=text, timeout=3600)

    try:
        carry_out(PREPARE)
        writer = Writer(lab, conninfo=lab.conninfo(hosts=[host], port=PORT)).start()
        writer.wait_for_more()
        carry_out(UPGRADE)
        writer.wait_for_more()
        writer.stop()
        return writer.gaps()[0]
    finally:
        carry_out(REMOVE)
