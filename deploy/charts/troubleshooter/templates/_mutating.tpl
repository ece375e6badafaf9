{{- /* The version of MutatingAdmissionPolicy to use, or none: what the cluster has, unless a value says it. */}}
{{- define "troubleshooter.mutating" -}}
{{- $kind := "MutatingAdmissionPolicy" -}}
{{- if ne .Values.mutatingPolicies "auto" -}}
{{- .Values.mutatingPolicies -}}
{{- else if .Capabilities.APIVersions.Has (printf "admissionregistration.k8s.io/v1/%s" $kind) -}}
v1
{{- else if .Capabilities.APIVersions.Has (printf "admissionregistration.k8s.io/v1beta1/%s" $kind) -}}
v1beta1
{{- else -}}
none
{{- end -}}
{{- end -}}
