# npm.sh: packages of the npm registry for dev/report and the tests of clients. Sourced; needs $top.
# Nothing of them is part of the project: a folder's package-lock.json says which versions, npm fetches them into build/.

# npm_packages FOLDER: fetches what FOLDER/package-lock.json names, unless it is there; sets modules to the node_modules.
npm_packages() {
	local folder=$top/build/$(basename "$1")
	modules=$folder/node_modules
	if cmp -s "$1/package-lock.json" "$folder/fetched"; then return 0; fi
	mkdir -p "$folder" && cp "$1/package.json" "$1/package-lock.json" "$folder" || return 1
	# Scripts of packages are not run: none is needed, and none is trusted.
	npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error >"$folder/log" 2>&1 </dev/null || {
		cat "$folder/log" >&2
		return 1
	}
	cp "$1/package-lock.json" "$folder/fetched"
}
