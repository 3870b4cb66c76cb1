package yamlconf

import (
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// zeros reports numbers and durations that the file gives as zero where the
// configuration takes zero for "not given" and puts its default in the place: who
// writes 0 means none, and would get the default without a word.
func (d *decoder) zeros(v reflect.Value) {
	m := v.MethodByName("WithDefaults")
	if !m.IsValid() || m.Type().NumIn() != 0 || m.Type().NumOut() != 1 || m.Type().Out(0) != v.Type() {
		return
	}
	d.compare(v, m.Call(nil)[0], "")
}

func (d *decoder) compare(given, filled reflect.Value, path string) {
	switch given.Kind() {
	case reflect.Struct:
		theirs := fields(filled)
		for i, f := range fields(given) {
			d.compare(f.value, theirs[i].value, join(path, f.key))
		}
	case reflect.Slice:
		for i := 0; i < given.Len() && i < filled.Len(); i++ {
			d.compare(given.Index(i), filled.Index(i), path+"["+strconv.Itoa(i)+"]")
		}
	case reflect.Map:
		for _, key := range given.MapKeys() {
			if theirs := filled.MapIndex(key); theirs.IsValid() && key.Kind() == reflect.String {
				d.compare(given.MapIndex(key), theirs, join(path, key.String()))
			}
		}
	default:
		line, written := d.lines[path]
		if written && (given.CanInt() || given.CanFloat()) && given.IsZero() && !filled.IsZero() {
			d.errorf(line, "%s: 0 would mean the default, which is %v; leave the key out, or give what is meant", path, plain(filled))
		}
	}
}

func plain(v reflect.Value) string {
	if t, ok := v.Interface().(time.Duration); ok {
		return t.String()
	}
	return fmt.Sprint(v.Interface())
}
