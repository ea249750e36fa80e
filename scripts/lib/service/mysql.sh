# MariaDB: fresh data on a private port, with a database and an almighty user, both called nova.
# shellcheck shell=bash disable=SC2034,SC2154 # shares variables with scripts/services

# Also where the server is not ours: some tests start their own.
mysql_programs() {
    local server install
    server=$(command -v mariadbd) && install=$(command -v mariadb-install-db) || return 0
    export NOVA_TEST_MYSQL_PROGRAMS=${NOVA_TEST_MYSQL_PROGRAMS:-${server%/*}:${install%/*}}
}

mysql_prepare() {
    take_port mysql_port
    mysql_password=$(secret)
    export NOVA_TEST_MYSQL_URL=mysql://nova:$mysql_password@127.0.0.1:$mysql_port/nova
}

mysql_serve() {
    local home=$1
    mkdir "$home/tmp"
    cat >"$home/init.sql" <<SQL
CREATE DATABASE IF NOT EXISTS nova CHARACTER SET utf8mb4;
CREATE OR REPLACE USER nova@'127.0.0.1' IDENTIFIED BY '$mysql_password';
GRANT ALL ON *.* TO nova@'127.0.0.1' WITH GRANT OPTION;
SQL
    own mysql "$home"
    "${as[@]}" mariadb-install-db --no-defaults --datadir="$home/data" --tmpdir="$home/tmp" --skip-test-db \
        --auth-root-authentication-method=socket --auth-root-socket-user=mysql
    # Tests need no protection from a power cut: a killed server loses nothing by this.
    exec "${as[@]}" mariadbd --no-defaults --datadir="$home/data" --tmpdir="$home/tmp" \
        --bind-address=127.0.0.1 --port="$mysql_port" --socket="$home/socket" --pid-file="$home/pid" \
        --init-file="$home/init.sql" --skip-name-resolve --character-set-server=utf8mb4 \
        --innodb-flush-log-at-trx-commit=2 --max-connections=200
}

mysql_ready() {
    MYSQL_PWD=$mysql_password mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$mysql_port" \
        --user=nova --execute='SELECT 1' nova
}

mysql_stop_signal=TERM
