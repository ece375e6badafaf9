# Read by every interactive bash, and through ENV by every interactive sh (dash): plain sh, but where it says bash.

# A bash or sh that somebody opened by habit, as the first process of a kubectl exec, becomes a recorded shell. Its
# parent is outside of the pod, so it sees 0. One that has its commands from -c goes on (bash shows c, dash no s).
if [ "$PPID" = 0 ] && [ -t 0 ]; then
    case ${BASH_VERSION:+bash}:$- in
        bash:*c*) ;;
        bash:*i* | :*i*s* | :*s*i*) exec /usr/local/bin/shell ;;
    esac
fi

if [ -n "${BASH_VERSION-}" ]; then
    PS1='\h:\w\$ '
    shopt -s checkwinsize
    # Once in a session: not again in a bash that was started from the recorded one.
    [ -z "${TROUBLESHOOTER_SESSION-}" ] || [ "$SHLVL" != 1 ] || cat /etc/motd
else
    PS1='$HOSTNAME:$PWD$ '
fi
