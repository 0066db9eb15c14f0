# scdoc begins a paragraph where none follows, which mandoc -Tlint warns of.
function put(line) { print line; last = line }
/^\.P$/ { pending = 1; next }
{
    if (pending && $0 !~ /^\.(SH|SS|RE|P)/ && last !~ /^\.(TH|SH|SS)/) put(".P")
    pending = 0
    put($0)
}
