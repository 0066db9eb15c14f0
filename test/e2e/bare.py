"""What an upgrade costs without pg_auto_failover and without care, to compare with."""
from cluster import NEW_BINDIR, OLD_BINDIR

# The same data and the same hardware, without pg_auto_failover and without care: a copy of the
# primary made a server of its own, stopped, upgraded and started. Prints the seconds of the three.
BARE = """
set -euo pipefail
old=@OLD@ new=@NEW@ top=/var/tmp/bare port=6543
rm -rf $top; mkdir -m 700 $top
cd $top
trap '$old/pg_ctl -D $top/old stop -m immediate >/dev/null 2>&1 || true
      $new/pg_ctl -D $top/new stop -m immediate >/dev/null 2>&1 || true; cd /; rm -rf $top' EXIT
$old/pg_basebackup -p @PORT@ -D $top/old -X stream -c fast >$top/log 2>&1
printf "port = $port\\nlisten_addresses = ''\\nunix_socket_directories = '$top'\\nssl = off\\n" >$top/settings
printf "synchronous_standby_names = ''\\nshared_buffers = '128MB'\\n" >>$top/settings
printf 'local all all trust\\n' >$top/old/pg_hba.conf
cp $top/settings $top/old/postgresql.conf
: >$top/old/postgresql.auto.conf
rm -f $top/old/standby.signal $top/old/recovery.signal
$old/pg_ctl -D $top/old -w -l $top/log start >/dev/null
$new/psql -X -h $top -p $port -d postgres -qc CHECKPOINT
$new/initdb -D $top/new -U postgres -A trust @INITDB@ >$top/log 2>&1
cat $top/settings >>$top/new/postgresql.conf
now() { date +%s.%N; }
began=$(now)
$old/pg_ctl -D $top/old -w -m fast stop >/dev/null
$new/pg_upgrade --link -b $old -B $new -d $top/old -D $top/new -s $top -U postgres -p $port -P $port >$top/log 2>&1 || { cat $top/log >&2; exit 1; }
$new/pg_ctl -D $top/new -w -l $top/log start >/dev/null
echo "$began $(now)" | awk '{ print $2 - $1 }'
"""


def bare_upgrade(lab, host):
    """Seconds of `stop; pg_upgrade --link; start` of a copy of the primary on host."""
    initdb = "--data-checksums" if lab.psql(host, "SHOW data_checksums") == "on" else ""
    collation = lab.psql(host, "SELECT datcollate || ' ' || pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'template0'")
    locale, encoding = collation.split()
    text = (BARE.replace("@OLD@", OLD_BINDIR).replace("@NEW@", NEW_BINDIR).replace("@PORT@", str(lab.port))
            .replace("@INITDB@", f"{initdb} --locale={locale} --encoding={encoding}"))
    return float(lab.pg(host, "bash -s", input=text, timeout=600))
