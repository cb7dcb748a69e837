# What every distribution's status needs. Starting a program costs a second in an emulated guest, so what does not change is
# remembered.

# remembered NAME KEY COMMAND…: what the command printed when the key was last this one; status must be cheap.
remembered() {
	remember_file=$ROOT/var/lib/kreconcile-guest/remembered-$1
	remember_key=$2
	shift 2
	if [ -r "$remember_file" ] && [ "$(head -n 1 "$remember_file")" = "$remember_key" ]; then
		tail -n +2 "$remember_file"
		return
	fi
	remember_value=$("$@") || return 1
	printf '%s\n%s\n' "$remember_key" "$remember_value" >"$remember_file.$$" && mv -f "$remember_file.$$" "$remember_file"
	printf '%s\n' "$remember_value"
}

# identity FILE…: changes when a file does.
identity() { stat -c '%i %s %Y' "$@" 2>/dev/null | tr '\n' ' '; }

# earliest_expiry CERTIFICATE…: the earliest end, ms since epoch, or null where there is none or nobody can read it.
earliest_expiry() {
	if [ ! -f "$1" ] || ! command -v openssl >/dev/null; then
		echo null
		return
	fi
	remembered certificates "$(identity "$@")" read_expiry "$@"
}

read_expiry() {
	earliest=''
	for certificate in "$@"; do
		expiry=$(openssl x509 -noout -enddate -in "$certificate" 2>/dev/null) || continue
		expiry=$(seconds_of "${expiry#notAfter=}") || continue
		if [ -z "$earliest" ] || [ "$expiry" -lt "$earliest" ]; then earliest=$expiry; fi
	done
	if [ -n "$earliest" ]; then echo "${earliest}000"; else echo null; fi
}

# seconds_of `Mar  5 10:00:00 2027 GMT`: computed here, because busybox' date does not read that form.
seconds_of() {
	echo "$1" | awk '{
		month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $1) + 2) / 3
		if (split($3, time, ":") != 3 || month < 1 || $4 < 1970) exit 1
		# Days since 0000-03-01: the leap day is the last of its year.
		year = month < 3 ? $4 - 1 : $4
		days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * ((month + 9) % 12) + 2) / 5) + $2 - 1
		printf "%.0f", (days - 719468) * 86400 + time[1] * 3600 + time[2] * 60 + time[3]
	}'
}
