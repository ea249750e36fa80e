# RabbitMQ: a node of its own, with its own port mapper (epmd), both on private loopback ports.
# shellcheck shell=bash disable=SC2034,SC2154 # shares variables with scripts/services

amqp_prepare() {
    take_port amqp_port
    take_port amqp_distribution_port
    take_port amqp_mapper_port
    amqp_password=$(secret)
    export NOVA_TEST_AMQP_URL=amqp://nova:$amqp_password@127.0.0.1:$amqp_port/%2f
}

amqp_serve() {
    local home=$1
    unset "${!RABBITMQ_@}" "${!ERL_@}"
    export HOME=$home
    export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$amqp_mapper_port
    export RABBITMQ_NODENAME=nova@localhost RABBITMQ_DIST_PORT=$amqp_distribution_port
    export RABBITMQ_CONF_ENV_FILE=$home/none RABBITMQ_ADVANCED_CONFIG_FILE=$home/none.config
    export RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf RABBITMQ_GENERATED_CONFIG_DIR=$home/generated
    export RABBITMQ_ENABLED_PLUGINS_FILE=$home/plugins RABBITMQ_PLUGINS_EXPAND_DIR=$home/expanded
    export RABBITMQ_MNESIA_BASE=$home/data RABBITMQ_LOG_BASE=$home RABBITMQ_LOGS=-
    export RABBITMQ_PID_FILE=$home/pid
    # The distribution on loopback too; idle schedulers sleep at once and leave the cores to the tests.
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
    # With «input allowed» the start script becomes the server instead of watching over it.
    export RABBITMQ_ALLOW_INPUT=1 RABBITMQ_SERVER_START_ARGS=-noinput
    printf '[].\n' >"$home/plugins"
    cat >"$home/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp_port
default_user = nova
default_pass = $amqp_password
log.file = false
log.console = true
CONF
    own rabbitmq "$home"
    "${as[@]}" epmd -address "$ERL_EPMD_ADDRESS" -port "$ERL_EPMD_PORT" &
    exec "${as[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server
}

# Ready when it answers a protocol header with its opening frame.
amqp_ready() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$amqp_port" || exit
        printf 'AMQP\0\0\11\1' >&3
        read -r -n 1 -t 5 <&3
    )
}

amqp_stop_signal=TERM
