# The product: this source tree, built and installed. What was built is kept beside the layer, so that a change costs
# what depends on it: a folder a base and a tree's place, into which the tree's files are copied where they differ.
# shellcheck shell=bash

# The files of the source tree that a build or an installed test can see, names ended by NUL
source_files() (
    cd "$lab_tree" || exit
    if command -v git >/dev/null && git -c safe.directory='*' rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        # one that is deleted but still in the index is listed too
        git -c safe.directory='*' ls-files -z -co --exclude-standard
    else
        find . -name .git -prune -o -name build -prune -o -type f -printf '%P\0'
    fi | while IFS= read -r -d '' file; do
        case $file in test/lab/* | test/e2e/*) continue ;; esac
        [ ! -f "$file" ] || printf '%s\0' "$file"
    done | LC_ALL=C sort -z
)

# name_product: sets $product to the product's folder, there or not; needs $base
name_product() {
    local hash
    if [ ! -e "$lab_tree/Makefile" ] || [ ! -e "$lab_tree/CMakeLists.txt" ]; then
        say "no Makefile and CMakeLists.txt in $lab_tree: the bare image is used"
        return 0
    fi
    hash=$({
        echo "${base##*/}"
        sha256sum <"$lab_lib/product-recipe.sh"
        source_files | (cd "$lab_tree" && xargs -0 sha256sum)
    } | sha256sum) || die "cannot read the source tree at $lab_tree"
    product=$lab_layers/products/${hash:0:16}
    product_build=$lab_layers/builds/${base##*/}
}

plan_product() {
    local seconds=180
    [ ! -e "$product_build/tree/build/build.ninja" ] || seconds=30
    plan_task extension extension files "$product_build/extension.log" 60 0 "$@"
    plan_task product product steps "$lab_state/log/product" $seconds 0 "$@"
}

# make_product: under the lock of the layers, so that one at a time uses the folder
make_product() {
    enough_space 2
    mkdir -p "$product_build/ccache"
    # Where the machine itself went down meanwhile, files may be there without their contents.
    if [ -e "$product_build/building" ] && ! cmp -s "$product_build/building" /proc/sys/kernel/random/boot_id; then
        rm -rf --one-file-system "$product_build"/tree* "$product_build"/extension*
    fi
    cat /proc/sys/kernel/random/boot_id >"$product_build/building.new"
    mv "$product_build/building.new" "$product_build/building"
    copy_sources || die "cannot copy the source tree to $product_build"
    begin_layer product "$product" unshare --net "$lab_lib/product-recipe.sh" "$base/root" "$product_build"
    end_of "$contained_pid"
    rm "$product_build/building"
}

copy_sources() {
    local major
    source_files | copy_changed "$lab_tree" "$product_build/tree"
    # PGXS builds where its Makefile is
    for major in "$base"/root/usr/lib/postgresql/*; do
        major=$product_build/extension-${major##*/}
        (cd "$product_build/tree" && find Makefile extension/core extension/src extension/sql extension/*.control -type f -print0) |
            copy_changed "$product_build/tree" "$major"
    done
}
copy_changed() { /usr/bin/python3 "$lab_lib/copy_changed.py" "$@"; }

# what was built upon a base that there is no more
remove_old_builds() {
    local folder
    for folder in "$lab_layers"/builds/*; do
        [ -d "$lab_layers/bases/${folder##*/}" ] || rm -rf --one-file-system "$folder"
    done
}
