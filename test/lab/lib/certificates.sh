# The certificates of --ssl ca: an authority kept on the client, a certificate for each host.
# shellcheck shell=bash

# outside PGDATA, where an administrator keeps them
ssl_folder=/etc/pgaf-ssl

# make_certificates HOST…
make_certificates() {
    local host
    # shellcheck disable=SC2016 # expanded on the host
    as_root client bash -euc '
        install -d -m 700 /root/ca
        cd /root/ca
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=laboratory CA" -keyout ca.key -out root.crt
        for host in "$@"; do
            mkdir "$host"
            openssl req -newkey rsa:2048 -nodes -subj "/CN=$host" -keyout "$host/server.key" -out "$host.csr"
            openssl x509 -req -in "$host.csr" -CA root.crt -CAkey ca.key -CAcreateserial -days 3650 \
                -extfile <(echo "subjectAltName=DNS:$host") -out "$host/server.crt"
            cp root.crt "$host"
        done
        install -D -m 644 root.crt '"$ssl_folder"'/root.crt' bash "$@" >"$lab_folder/certificates.log" 2>&1 </dev/null ||
        { cat "$lab_folder/certificates.log" >&2; die "openssl failed on client"; }
    for host in "$@"; do
        as_root client tar -C "/root/ca/$host" -c . </dev/null | as_root "$host" bash -euc "
            mkdir $ssl_folder
            tar -C $ssl_folder -x --no-same-owner
            chmod 755 $ssl_folder
            chmod 644 $ssl_folder/*.crt
            chown postgres: $ssl_folder/server.*
            chmod 600 $ssl_folder/server.key"
    done
}
