# Text in and out: JSON strings, input values, small files.

# json_string TEXT: the text as a JSON string, quotes included.
json_string() {
	case $1 in
	*[!A-Za-z0-9\ ._:/@,=+-]*)
		awk 'BEGIN {
			text = ARGV[1]
			gsub(/\\/, "&&", text); gsub(/"/, "\\\"", text)
			gsub(/\n/, "\\n", text); gsub(/\t/, "\\t", text); gsub(/[\001-\037\177]/, " ", text)
			printf "\"%s\"", text
		}' "$1"
		;;
	*) printf '"%s"' "$1" ;;
	esac
}

# json_text TEXT: like json_string, and `null` for the empty text.
json_text() { if [ -n "$1" ]; then json_string "$1"; else printf null; fi; }

# first_line FILE: without a process, because status reads dozens of small files; empty if missing.
first_line() {
	FIRST_LINE=''
	if [ -r "$1" ]; then IFS= read -r FIRST_LINE <"$1" || :; fi
}

# Lines `key=base64` as the host sent them.
INPUT=''

# input NAME: prints the decoded value, nothing if absent. Never part of an argument of another process.
input() {
	case $1 in '' | *[!A-Za-z0-9_.-]*) return 0 ;; esac
	printf '%s\n' "$INPUT" | sed -n "s/^$1=//p" | base64 -d
}

# input_name NAME: an input that is the name of a node, refused if it could be anything else.
input_name() {
	INPUT_NAME=$(input "$1")
	case $INPUT_NAME in
	'' | [!a-z0-9]* | *[!a-z0-9.-]*) complain "input $1 is not a node's name" && return 1 ;;
	esac
}

now_ms() { printf '%s000' "$(date +%s)"; }

# replace_file FILE: puts standard input in its place in one act.
replace_file() {
	cat >"$1.new" && mv -f "$1.new" "$1"
}
