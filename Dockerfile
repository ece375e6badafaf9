# Two images: `--target toolbox` (what a session runs in) and `--target operator`.
#
# Behind a proxy that re-signs TLS, give pip its CA bundle: `--secret id=ca,src=FILE`. Only the pip steps see it;
# mounted over the image's own bundle it would stop ca-certificates from being upgraded.
# Layers are in the order of how rarely they change: a change of our own code rebuilds the last ones, in seconds.

FROM docker.io/library/debian:trixie-slim AS debian
COPY image/dpkg.cfg /etc/dpkg/dpkg.cfg.d/troubleshooter


FROM debian AS python
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends ca-certificates python3 python3-pip \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY image/build/ /usr/local/sbin/


FROM python AS agent-python
RUN python-tree /opt/troubleshooter
COPY image/agent/troubleshooter-agent /opt/troubleshooter/bin/
COPY requirements/agent.lock /requirements/
RUN --mount=type=secret,id=ca pip-install /requirements/agent.lock /opt/troubleshooter/lib/python3/dist-packages


FROM agent-python AS agent
COPY agent/troubleshooter_agent /opt/troubleshooter/lib/python3/dist-packages/troubleshooter_agent
RUN compile-python /opt/troubleshooter/lib/python3/dist-packages/troubleshooter_agent \
    && /opt/troubleshooter/bin/troubleshooter-agent --version


FROM python AS asciinema
COPY requirements/toolbox.lock /requirements/
RUN --mount=type=secret,id=ca pip-install /requirements/toolbox.lock /opt/asciinema
COPY image/asciinema/__main__.py /opt/asciinema/
RUN compile-python /opt/asciinema/__main__.py


FROM debian AS toolbox
# No file keeps its setuid bit: where nothing can gain privileges it is no use, only a risk.
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends \
        bind9-dnsutils ca-certificates curl inetutils-telnet iproute2 iputils-ping jq less libnss-extrausers \
        net-tools netcat-openbsd openssh-client openssl procps traceroute vim-tiny \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
# Any user id works: PID 1 writes its name to /run/troubleshooter, and group 0 may write what a session needs. Of those
# in /etc/passwd, such as root where a class allows it, the home is /home too: ssh looks there, not at HOME.
RUN install -d -m 0775 /home /recordings /run/troubleshooter \
    && install -d /etc/troubleshooter /var/lib/extrausers \
    && ln -s /run/troubleshooter/passwd /run/troubleshooter/group /var/lib/extrausers/ \
    && ln -s /opt/troubleshooter/bin/troubleshooter-agent /usr/local/bin/ \
    && ln -s /usr/bin/vim.tiny /usr/local/bin/vim \
    && sed -i 's|^\(\([^:]*:\)\{5\}\)[^:]*|\1/home|' /etc/passwd
COPY image/toolbox/ /
COPY --from=asciinema /opt/asciinema /opt/asciinema
COPY --from=agent-python /opt/troubleshooter /opt/troubleshooter
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/home \
    LANG=C.UTF-8 \
    SHELL=/bin/bash \
    ENV=/etc/bash.bashrc \
    EDITOR=vi \
    LESS=-R \
    LESSHISTFILE=-
WORKDIR /home
USER 10001:0
EXPOSE 9464
ENTRYPOINT ["/opt/troubleshooter/bin/troubleshooter-agent", "run"]
COPY --from=agent /opt/troubleshooter/lib/python3/dist-packages/troubleshooter_agent \
    /opt/troubleshooter/lib/python3/dist-packages/troubleshooter_agent


FROM python AS operator-packages
COPY requirements/operator.lock /requirements/
# The client's asynchronous half is larger than the rest together, and nothing here imports it.
RUN --mount=type=secret,id=ca pip-install /requirements/operator.lock /packages \
        kubernetes/aio 'aiohttp*' 'aiosignal*' 'aiohappyeyeballs*' 'frozenlist*' 'multidict*' 'propcache*' 'yarl*'


FROM operator-packages AS operator-code
COPY operator/troubleshooter_operator /code/troubleshooter_operator
COPY agent/troubleshooter_agent/__init__.py agent/troubleshooter_agent/contract.py /code/troubleshooter_agent/
RUN compile-python /code \
    && PYTHONPATH=/code:/packages python3 -B -c 'import troubleshooter_operator.main'


FROM debian AS operator
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends python3 \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=operator-packages /packages /usr/lib/python3/dist-packages
ENV LANG=C.UTF-8
USER 10001:0
ENTRYPOINT ["python3", "-IB", "-m", "troubleshooter_operator"]
COPY --from=operator-code /code /usr/lib/python3/dist-packages
