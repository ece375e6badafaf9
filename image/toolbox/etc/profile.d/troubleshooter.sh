# /etc/profile leaves the sbin folders to root; ip, ss, traceroute and arp are there.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
