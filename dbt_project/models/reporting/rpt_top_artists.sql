{{ chart(ref('rpt_artist_plays'), 'artist_key', ['artist_name'], 'artist_rank') }}
