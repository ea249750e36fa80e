# PostgreSQL: a fresh cluster on a private port, with a superuser and a database called nova.
# It refuses to run as root.
# shellcheck shell=bash disable=SC2034,SC2154 # shares variables with scripts/services

# Also where the server is not ours: some tests start their own.
postgres_programs() {
    postgres_bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1) || true
    export NOVA_TEST_POSTGRES_PROGRAMS=${NOVA_TEST_POSTGRES_PROGRAMS:-$postgres_bin}
}

postgres_prepare() {
    take_port postgres_port
    postgres_password=$(secret)
    export NOVA_TEST_POSTGRES_URL=postgres://nova:$postgres_password@127.0.0.1:$postgres_port/nova
}

postgres_serve() {
    local home=$1
    # Tests need no protection from a power cut: a killed server loses nothing by this.
    local options=(-c "port=$postgres_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
        -c fsync=off -c max_connections=200 -c dynamic_shared_memory_type=mmap)
    unset "${!PG@}"
    printf '%s\n' "$postgres_password" >"$home/password"
    own postgres "$home"
    "${as[@]}" "$postgres_bin/initdb" --pgdata="$home/data" --username=nova --pwfile="$home/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync
    rm "$home/password"
    "${as[@]}" "$postgres_bin/postgres" --single -D "$home/data" -c fsync=off postgres <<<'CREATE DATABASE nova'
    exec "${as[@]}" "$postgres_bin/postgres" -D "$home/data" "${options[@]}"
}

postgres_ready() { "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "$postgres_port" -d nova -U nova; }

# Fast shutdown: TERM would wait for clients.
postgres_stop_signal=INT
