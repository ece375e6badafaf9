# Shared by the rules: the pod in a Pod, or the one that a Deployment makes.
package lib.pods

template(thing) := object.get(thing.spec, "template", thing)

spec(thing) := template(thing).spec

label(thing, key) := template(thing).metadata.labels[key]

containers(thing) := array.concat(spec(thing).containers, object.get(spec(thing), "initContainers", []))
