# Downloads, packages and files of the system.

# download URL FILE: resumes and retries; on failure nothing stands at FILE.
download() {
	download_part=$2.part
	mkdir -p "$(dirname "$2")"
	for download_try in 1 2 3 4 5; do
		if fetch "$1" "$download_part"; then
			mv -f "$download_part" "$2"
			return 0
		fi
		# What cannot be resumed is begun anew the next time.
		[ "$download_try" -lt 3 ] || rm -f "$download_part"
		[ "$download_try" = 5 ] || sleep "${KRECONCILE_RETRY_SECONDS:-$((download_try * 2))}"
	done
	rm -f "$download_part"
	complain "could not download $1"
	return 1
}

fetch() {
	if has curl; then
		curl -fsSL --connect-timeout 15 --speed-limit 1000 --speed-time 60 -C - -o "$2" "$1"
	elif has wget; then
		wget -q -c -T 60 -O "$2" "$1"
	else
		complain 'neither curl nor wget is installed'
		return 1
	fi
}

verify_digest() {
	verify_found=$("$1" "$2" 2>/dev/null | cut -d' ' -f1)
	if [ -n "$3" ] && [ "$verify_found" = "$(printf '%s' "$3" | tr 'A-F' 'a-f')" ]; then return 0; fi
	complain "$2 has the digest ${verify_found:-of no file}, not $3"
	return 1
}

# verify_sha256 FILE HEX, verify_sha512 FILE HEX: succeed only if the file has that digest.
verify_sha256() { verify_digest sha256sum "$1" "$2"; }
verify_sha512() { verify_digest sha512sum "$1" "$2"; }

# install_file SRC DEST MODE: never a moment with half a file; the source stays.
install_file() {
	install_new=$2.kreconcile-new
	mkdir -p "$(dirname "$2")" && cp "$1" "$install_new" && chmod "$3" "$install_new" && mv -f "$install_new" "$2" || {
		rm -f "$install_new"
		complain "could not install $2"
		return 1
	}
	if has restorecon; then restorecon "$2" 2>/dev/null || :; fi
}

package_present() {
	if has dpkg-query; then
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
	elif has apk; then
		apk info -e "$1" >/dev/null 2>&1
	else
		rpm -q "$1" >/dev/null 2>&1
	fi
}

# install_packages NAME…: only what is missing, so that a prepared image needs no package mirror.
install_packages() {
	missing_packages=''
	for package in "$@"; do
		package_present "$package" || missing_packages="$missing_packages $package"
	done
	[ -n "$missing_packages" ] || return 0
	# A list of words.
	# shellcheck disable=SC2086
	if has apt-get; then
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q -o DPkg::Lock::Timeout=300 update >&2 || :
		apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install $missing_packages >&2
	elif has apk; then
		apk add $missing_packages >&2
	elif has dnf; then
		dnf -y install $missing_packages >&2
	else
		false
	fi || {
		complain "could not install:$missing_packages; is a package mirror reachable, or can the image hold them?"
		return 1
	}
}

# set_endpoint_hosts ADDRESS: the name of the API server in /etc/hosts, and in the templates from which cloud-init
# rewrites that file on each boot where somebody told it to. `resolved` instead of an address takes it out: DNS knows it.
set_endpoint_hosts() {
	case $ENDPOINT_HOST in '' | *[!0-9.]*) ;; *) return 0 ;; esac
	[ -n "$ENDPOINT_HOST" ] || return 0
	case $1 in resolved) ;; '' | *[!0-9a-fA-F.:]*) complain "$1 is not an address" && return 1 ;; esac
	for hosts_file in "$ROOT/etc/hosts" "$ROOT"/etc/cloud/templates/hosts.*.tmpl; do
		[ -f "$hosts_file" ] || [ "$hosts_file" = "$ROOT/etc/hosts" ] || continue
		hosts_line="$1 $ENDPOINT_HOST # kreconcile endpoint"
		if [ "$1" = resolved ] && ! grep -q '# kreconcile endpoint$' "$hosts_file" 2>/dev/null; then continue; fi
		if [ -f "$hosts_file" ] && grep -qxF "$hosts_line" "$hosts_file"; then continue; fi
		{
			if [ -f "$hosts_file" ]; then sed '/# kreconcile endpoint$/d' "$hosts_file"; fi
			[ "$1" = resolved ] || printf '%s\n' "$hosts_line"
		} >"$hosts_file.new"
		chmod 0644 "$hosts_file.new" && mv -f "$hosts_file.new" "$hosts_file" || return 1
		if has restorecon; then restorecon "$hosts_file" 2>/dev/null || :; fi
	done
}

# wait_for SECONDS COMMAND…: until the command succeeds, at most that long.
wait_for() {
	wait_until=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$wait_until" ] || return 1
		sleep 1
	done
}
