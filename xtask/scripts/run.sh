# Runs a program of a service in its image, set up by services/$1.sh: on sqlite,
# and with a message bus that nobody answers for. The rest is the command.
#
# It lives as long as the other end of its standard input, so that it cannot
# outlive who started it.

# The account may write here alone; the next program starts from it.
export PYTHONPYCACHEPREFIX=/tmp/bytecode
bus=rabbit://nobody:nothing@127.0.0.1:1/
. "/chores/services/$1.sh"
shift

# In a session of its own: what it starts is ended with it.
setsid "$@" &
server=$!
# What runs in the background has no standard input of its own.
exec 3<&0
{
    cat <&3 > /dev/null
    kill "$server"
    # What is about to connect to its bus does not hear that.
    sleep 3
    kill -9 "-$server"
} &
wait "$server"
