# The two read-only layers under every host: the image (Debian, both PostgreSQLs) and the product
# (this source tree, built and installed). Each is a folder named after the hash of what it is made
# from; it is built under another name and renamed when whole.
# shellcheck shell=bash

# Whoever uses a layer holds a shared lock on its folder: descriptors 8 and 9, which a
# laboratory's init inherits and keeps. A layer without a lock on it is in nobody's use.
image=
product=
build_root=

# with_layers_locked COMMAND…: one at a time on this machine
with_layers_locked() {
    exec {layers_lock}>"$lab_state/layers.lock"
    flock -w 2 "$layers_lock" || { say "waiting for another build of a layer"; flock "$layers_lock"; }
    "$@"
    exec {layers_lock}>&-
}

# remove_old FOLDER KEEP: removes the layers nobody uses, and what builds that died left behind
remove_old() {
    local layer lock
    for layer in "$1"/*; do
        if [ ! -d "$layer" ] || [ "$layer" = "$2" ]; then continue; fi
        exec {lock}<"$layer"
        if flock -n -x "$lock"; then remove_layer "$layer"; fi
        exec {lock}<&-
    done
}

# use_image: sets $image to the image's folder, locked
use_image() { with_layers_locked use_image_locked; }
use_image_locked() {
    local hash
    hash=$(sha256sum <"$lab_lib/image-recipe.sh")
    image=$lab_layers/images/${hash:0:16}
    if [ ! -d "$image" ]; then
        host_packages mmdebstrap=mmdebstrap
        [ -n "$(apt-get indextargets 'Created-By: Packages' 2>/dev/null)" ] || apt-get update >&2
        say "building the image ${image##*/} (a minute or two, once)"
        build_layer "$image" "$lab_lib/image-recipe.sh"
    fi
    exec 8<"$image"
    flock -s 8
    remove_old "$lab_layers/images" "$image"
}

# build_layer FOLDER COMMAND…: runs COMMAND FOLDER.new, and renames it to FOLDER
build_layer() {
    local folder=$1 log=$lab_state/build.log started=$SECONDS
    shift
    undo=("remove_layer '$folder.new'" "${undo[@]}")
    mkdir -p "$folder.new"
    # without the lock's descriptor, so that nothing it leaves behind could hold the lock
    if ! contained "$@" "$folder.new" >"$log" 2>&1 </dev/null {layers_lock}>&-; then
        tail -n 40 "$log" >&2
        die "building $folder failed, the whole output is in $log"
    fi
    mv "$folder.new" "$folder"
    undo=("${undo[@]:1}")
    say "built ${folder##*/} in $((SECONDS - started)) s"
}
remove_layer() { rm -rf --one-file-system "$1"; }

# use_build_root SUITE: sets $build_root to the folder of a Debian to build packages in, locked. Needs $image.
use_build_root() { with_layers_locked use_build_root_locked "$1"; }
use_build_root_locked() {
    local hash
    hash=$(sha256sum <"$lab_lib/build-root-recipe.sh")
    build_root=$lab_state/build-roots/$1-${hash:0:16}
    if [ ! -d "$build_root" ]; then
        mkdir -p "$lab_state/build-roots"
        rm -rf --one-file-system "$lab_state/build-roots/$1"-*
        host_packages mmdebstrap=mmdebstrap
        say "building the root ${build_root##*/} for packages (a minute or two, once)"
        build_layer "$build_root" "$lab_lib/build-root-recipe.sh" "$image" "$1"
    fi
}

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

# lower_layers: what an overlay takes as its lower folders
lower_layers() { echo "${product:+$product/root:}$image"; }

# use_product: sets $product to the product's folder, locked; or to nothing when there is nothing to
# build yet. Needs $image.
use_product() { with_layers_locked use_product_locked; }
use_product_locked() {
    local hash
    if [ ! -e "$lab_tree/Makefile" ] || [ ! -e "$lab_tree/CMakeLists.txt" ]; then
        say "no Makefile and CMakeLists.txt in $lab_tree: the bare image is used"
        return 0
    fi
    hash=$({
        echo "${image##*/}"
        sha256sum <"$lab_lib/product-recipe.sh"
        source_files | (cd "$lab_tree" && xargs -0 sha256sum)
    } | sha256sum) || die "cannot read the source tree at $lab_tree"
    product=$lab_layers/products/${hash:0:16}
    if [ ! -d "$product" ]; then
        say "building the product ${product##*/}"
        mkdir -p "$lab_state/cache/${image##*/}"
        source_files >"$lab_state/source-files"
        build_layer "$product" unshare --net "$lab_lib/product-recipe.sh" \
            "$image" "$lab_state/cache/${image##*/}" "$lab_tree" "$lab_state/source-files"
        rm -rf "$product/work" "$product/mount"
    fi
    exec 9<"$product"
    flock -s 9
    remove_old "$lab_layers/products" "$product"
}
