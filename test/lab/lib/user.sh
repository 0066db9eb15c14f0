# A clean environment for a command inside a host. Sourced there and by ../lab.
# shellcheck shell=bash

# user_command USER COMMAND…: sets $user_argv, what to run inside the host for this command as this
# user. It ends when its parent, which is outside the host, is killed.
user_command() {
    local user=$1 home=/root locale=C.UTF-8
    shift
    [ "$user" = root ] || { home=/home/$user locale=en_US.UTF-8; }
    [ "$user" != postgres ] || home=/var/lib/postgresql
    user_argv=(env -i "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "HOME=$home" "USER=$user"
        "LOGNAME=$user" SHELL=/bin/bash "LANG=$locale" "TERM=${TERM:-dumb}"
        setpriv "--reuid=$user" "--regid=$user" --init-groups --pdeathsig=TERM -- "$@")
}

# with_terminal: gives what is in $user_argv a terminal of the host's own where this shell has one,
# since the machine's has no name inside
with_terminal() {
    local words
    [ -t 0 ] && [ -t 1 ] || return 0
    printf -v words '%q ' "${user_argv[@]}"
    user_argv=(env SHELL=/bin/bash script -qec "$words" /dev/null)
}
