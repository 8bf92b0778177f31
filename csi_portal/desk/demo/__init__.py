"""A store's life for showing and trying: eight weeks up to now, made through the services with their own times.

`cast` and `texts` are what the play is made of, `weeks` what the workshop does on a day, `clock` plays the days,
`store` sets the stage; `calls`, `forms`, `figures` and `money` are what people do in the portal. `bulk` brings the
years before in bulk. Everything is made up: names begin with 例 or 测试, phones with 199-0000.
"""
