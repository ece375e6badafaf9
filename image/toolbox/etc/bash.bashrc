# Read by every interactive bash, and through ENV by every interactive sh (dash): plain sh, but where it says bash.

# A bash or sh that somebody opened by habit, as the first process of a kubectl exec, becomes a recorded shell. Its
# parent is outside of the pod, so it sees 0. One that has its commands from -c goes on (bash shows c, dash no s).
if [ "$PPID" = 0 ] && [ -t 0 ]; then
    case ${BASH_VERSION:+bash}:$- in
        bash:*c*) ;;
        bash:*i* | :*i*s* | :*s*i*) exec /usr/local/bin/shell ;;
    esac
fi

# Sets _left to the time that the toolbox has left, such as " [57m]", without any other process. The agent keeps the
# end in that file, in seconds as /proc/uptime counts them; where there is none, nothing is shown.
_time_left() {
    _left=
    { read -r _end && read -r _now _ </proc/uptime; } 2>/dev/null </run/troubleshooter/ends-at || return 0
    case $_end in [1-9]*) ;; *) return 0 ;; esac
    case $_end in *[!0-9]*) return 0 ;; esac
    _now=$((_end - ${_now%.*}))
    if [ "$_now" -ge 3600 ]; then
        _left=" [$((_now / 3600))h$((_now % 3600 / 60))m]"
    elif [ "$_now" -ge 60 ]; then
        _left=" [$((_now / 60))m]"
    else
        _left=" [$((_now > 0 ? _now : 0))s]"
    fi
}

if [ -n "${BASH_VERSION-}" ]; then
    PROMPT_COMMAND=_time_left
    PS1='\h$_left:\w\$ '
    shopt -s checkwinsize
else
    PS1='$HOSTNAME$(_time_left; echo "$_left"):$PWD$ '
fi
